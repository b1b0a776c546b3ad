return unikernel "web" {
  sources  = { "web.c" },
  requires = { http = sig.http_server, pages = sig.kv_ro },
  choose   = { page = embed "htdocs", zzz = "x" },
}
