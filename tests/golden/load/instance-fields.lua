return unikernel "web" {
  sources  = { "web.c" },
  requires = { store = sig.kv_rw },
  choose   = { store = instance "kv_file" { path = "data" } },
}
