-- One implementation, applied twice: two instances, each with its own keys and its own state.
return unikernel "two-ways" {
  doc      = "two stores made of the same code",
  sources  = { "two-ways.c" },
  requires = { pocket = sig.kv_rw, drawer = sig.kv_rw, console = sig.console },
  choose   = {
    pocket = instance "kv_memory" { set = { bytes = "64" } },
    drawer = instance "kv_memory" { set = { bytes = "64KiB" } },
  },
}
