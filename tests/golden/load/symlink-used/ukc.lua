use "lib"
return unikernel "web" { sources = { "web.c" } }
