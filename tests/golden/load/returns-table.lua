return { name = "web", sources = { "web.c" } }
