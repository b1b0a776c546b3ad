return unikernel "x" {
  sources = { "x.c" },
  requires = { pages = sig.kv_ro },
  choose = { pages = embed "htdoc" },
}
