use "one"
use "two"
return unikernel "web" { sources = { "web.c" } }
