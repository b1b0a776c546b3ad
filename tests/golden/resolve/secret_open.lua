-- args: --target kvm
-- an open requirement is not one for a secret
return unikernel "site" {
  sources  = { "site.c" },
  requires = { pages = sig.kv_ro },
}
