return unikernel "web" { sources = { [1] = "a.c", [3] = "b.c" } }
