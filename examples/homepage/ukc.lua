return unikernel "homepage" {
  doc      = "a home page",
  sources  = { "homepage.c" },
  requires = { http = sig.http_server, pages = sig.kv_ro },
  choose   = { pages = embed "htdocs" },
  keys     = { port = key.port { default = 8080, phase = "both", doc = "TCP port to listen on" } },
}
