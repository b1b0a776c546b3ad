return unikernel { name = "web", sources = { "web.c" } }
