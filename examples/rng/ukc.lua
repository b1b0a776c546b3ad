return unikernel "rng" {
  doc      = "prints random bytes, if they look as such",
  sources  = { "rng.c", "health.c" },
  requires = { random = sig.random, console = sig.console },
  keys     = {
    bytes = key.integer { default = 32, min = 0, max = 1000000000, phase = "both", doc = "bytes to print, in hexadecimal" },
    test  = key.size { default = "256KiB", min = 4096, max = 1073741824, phase = "both", doc = "bytes to look at before" },
  },
}
