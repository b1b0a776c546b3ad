return implementation "kv_memory" {
  version = "1.0", licence = "ISC", origin = "ukc",
  doc      = "keys and values in memory, for as long as the image runs",
  provides = sig.kv_rw,
  sources  = { "kv_memory.c" },
  keys     = {
    bytes = key.size { default = "1MiB", min = 0, budget = 1, doc = "keys and values together, at most" },
  },
}
