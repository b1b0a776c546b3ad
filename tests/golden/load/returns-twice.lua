local u = unikernel "web" { sources = { "web.c" } }
return u, u
