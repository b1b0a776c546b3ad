return unikernel "squeeze" {
  doc      = "compresses a text, and gets it back",
  sources  = { "squeeze.c" },
  requires = { text = sig.kv_ro, press = sig.compress, console = sig.console },
  choose   = { text = embed "text" },
}
