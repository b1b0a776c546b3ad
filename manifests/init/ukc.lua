return unikernel "@NAME@" {
  doc      = "serves the pages in htdocs",
  sources  = { "@NAME@.c" },
  requires = { http = sig.http_server, pages = sig.kv_ro },
  choose   = { pages = embed "htdocs" },           -- the folder becomes part of the image
  keys     = { port = key.port { default = 8080, phase = "both", doc = "TCP port to listen on" } },
}
