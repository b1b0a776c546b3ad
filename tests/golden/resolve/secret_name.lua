-- a secret has a name
return unikernel "site" {
  sources  = { "site.c" },
  requires = { pages = sig.kv_ro },
  choose   = { pages = "secret" },
}
