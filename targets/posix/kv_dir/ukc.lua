return implementation "kv_dir" {
  version = "1.0", licence = "ISC", origin = "ukc",
  doc      = "a folder of the host, read as it is now: for development",
  provides = sig.kv_ro,
  targets  = { "posix" },
  sources  = { "kv_dir.c", "next.c" },
  flags    = { "-D_GNU_SOURCE" },
  keys     = {
    path = key.path { default = "htdocs", phase = "both", read_only = true, doc = "the folder" },
  },
}
