return unikernel "web" {
  sources  = { "web.c" }
  requires = { http = sig.http_server },
}
