return implementation "random_posix" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "the host's random number generator, by getrandom",
  provides = sig.random,
  targets  = { "posix" },
  sources  = { "random_posix.c" },
  flags    = { "-D_GNU_SOURCE" },
}
