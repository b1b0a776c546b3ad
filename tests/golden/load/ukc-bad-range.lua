return unikernel "web" { ukc = "at least 1", sources = { "web.c" } }
