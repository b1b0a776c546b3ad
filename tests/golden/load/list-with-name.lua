return unikernel "web" { sources = { "a.c", main = "b.c" } }
