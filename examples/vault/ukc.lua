return unikernel "vault" {
  doc      = "signs a text with a key that was put into the image after it was built",
  sources  = { "vault.c" },
  requires = { console = sig.console, key = sig.kv_ro },
  choose   = { key = instance "secret" { set = { name = "signing_key", size = "1KiB" } } },
  keys     = { text = key.string { default = "hello", phase = "both", doc = "what to sign" } },
}
