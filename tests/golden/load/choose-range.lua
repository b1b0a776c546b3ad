return unikernel "web" { sources = { "web.c" }, requires = { http = sig.http_server }, choose = { http = "http1 => 2" } }
