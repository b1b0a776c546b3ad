use "mylib"
return unikernel "web" { sources = { "web.c" }, doc = 1 }
