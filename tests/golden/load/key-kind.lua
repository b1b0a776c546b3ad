return unikernel "web" { sources = { "web.c" }, keys = { port = key.prot { default = 80 } } }
