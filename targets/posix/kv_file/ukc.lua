return implementation "kv_file" {
  version = "1.0", licence = "ISC", origin = "ukc",
  doc      = "a folder of the host, a file for each key",
  provides = sig.kv_rw,
  targets  = { "posix" },
  prefer   = 10,
  sources  = { "kv_file.c", "name.c" },
  flags    = { "-D_GNU_SOURCE" },
  keys     = {
    path        = key.path { default = "data", phase = "both", doc = "the folder; made when it is not there" },
    value_bytes = key.size { default = "64MiB", min = 0, doc = "a value at most" },
  },
}
