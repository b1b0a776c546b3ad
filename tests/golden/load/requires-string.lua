return unikernel "web" { sources = { "web.c" }, requires = { http = "http_server", clock = key.port, log = instance "log_ring" } }
