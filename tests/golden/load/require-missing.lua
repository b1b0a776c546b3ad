local parts = require "parts"
return unikernel "web" { sources = parts }
