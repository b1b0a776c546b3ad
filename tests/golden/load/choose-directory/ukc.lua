return unikernel "web" {
  sources = { "web.c" },
  requires = { pages = sig.kv_ro, http = sig.http },
  choose = { pages = "htdocs" },
}
