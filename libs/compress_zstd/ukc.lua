return implementation "compress_zstd" {
  version = "1.0", licence = "ISC", origin = "ukc; zstd by Meta",
  doc      = "compression by zstd, the library of the host",
  provides = sig.compress,
  targets  = { "posix" },
  sources  = { "compress_zstd.c" },
  keys     = { level = key.integer { default = 3, min = 1, max = 19, doc = "1 is fast, 19 makes it small" } },
  imports  = { pkgconfig "libzstd" },
}
