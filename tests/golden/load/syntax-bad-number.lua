return unikernel "web" { sources = { "web.c" }, set = { x = 12ab } }
