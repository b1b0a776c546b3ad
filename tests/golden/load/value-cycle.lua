local t = { a = 1 }
t.b = t
return unikernel "web" { sources = { "web.c" }, set = t }
