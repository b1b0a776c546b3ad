-- and some room, not too much
return unikernel "site" {
  sources  = { "site.c" },
  requires = { pages = sig.kv_ro },
  choose   = { pages = instance "secret" { set = { name = "x", size = "2MiB" } } },
}
