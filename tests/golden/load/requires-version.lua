return unikernel "web" { sources = { "web.c" }, requires = { http = sig.http_server { version = "new" }, b = sig.log { optional = true } } }
