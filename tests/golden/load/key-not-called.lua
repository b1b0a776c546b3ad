return unikernel "web" { sources = { "web.c" }, keys = { port = key.port, size = 3, [1] = key.bool { doc = "x" } } }
