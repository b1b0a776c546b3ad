return unikernel "web" { sources = { "web.c" }, set = { seed = math.random(100) } }
