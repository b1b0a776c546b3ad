use(3)
return unikernel "web" { sources = { "web.c" } }
