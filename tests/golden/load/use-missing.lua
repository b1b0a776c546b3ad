use "mylib"
return unikernel "web" { sources = { "web.c" } }
