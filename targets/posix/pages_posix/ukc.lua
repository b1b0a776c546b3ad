return implementation "pages_posix" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "pages from mmap, with a guard page by mprotect",
  provides = sig.pages,
  targets  = { "posix" },
  sources  = { "pages_posix.c" },
  flags    = { "-D_GNU_SOURCE" },
}
