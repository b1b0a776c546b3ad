return implementation "clock_posix" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "the host's clocks, by clock_gettime",
  provides = sig.clock,
  targets  = { "posix" },
  sources  = { "clock_posix.c" },
  flags    = { "-D_GNU_SOURCE" },
}
