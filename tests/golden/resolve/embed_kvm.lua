-- args: --target kvm
return unikernel "site" {
  sources  = { "site.c" },
  requires = { pages = sig.kv_ro },
}
