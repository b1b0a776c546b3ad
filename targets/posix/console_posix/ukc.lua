return implementation "console_posix" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "standard input and output",
  provides = sig.console,
  requires = { task = sig.task, events = sig.events },
  targets  = { "posix" },
  sources  = { "console_posix.c" },
  flags    = { "-D_GNU_SOURCE" },
  keys     = {
    output = key.enum { "stdout", "stderr", default = "stdout", doc = "where the console writes" },
  },
}
