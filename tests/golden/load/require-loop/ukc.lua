local parts = require "a"
return unikernel "web" { sources = parts }
