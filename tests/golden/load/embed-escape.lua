return unikernel "web" {
  sources  = { "web.c" },
  requires = { pages = sig.kv_ro, more = sig.kv_ro, last = sig.kv_ro },
  choose   = { pages = embed "../../etc", more = embed { "htdocs", compress = "zst" }, last = embed { compress = "gzip" } },
}
