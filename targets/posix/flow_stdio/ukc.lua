return implementation "flow_stdio" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "standard input and output as one byte stream",
  provides = sig.flow,
  requires = { task = sig.task, events = sig.events },
  targets  = { "posix" },
  sources  = { "flow_stdio.c" },
  flags    = { "-D_GNU_SOURCE" },
}
