return implementation "compress_zstd_host" {
  version = "1.0", licence = "ISC", origin = "ukc",
  doc      = "compression by zstd, the library of the host",
  provides = sig.compress,
  targets  = { "posix" },
  prefer   = -10,
  sources  = { "compress_zstd_host.c" },
  keys     = { level = key.integer { default = 3, min = 1, max = 19, doc = "1 is fast, 19 makes it small" } },
  imports  = { pkgconfig "libzstd" },
}
