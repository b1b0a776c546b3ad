return unikernel "web" { sources = { "web.c" }, set = { [true] = 1, [1.5] = 2 } }
