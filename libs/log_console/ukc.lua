return implementation "log_console" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "messages as lines on the console",
  provides = sig.log,
  requires = { console = sig.console, clock = sig.clock },
  sources  = { "log_console.c", "format.c" },
  keys     = {
    level = key.enum { "error", "warning", "notice", "info", "debug", default = "info", phase = "both",
                       doc = "the least important messages that are written" },
    time  = key.enum { "none", "uptime", "utc", default = "utc", doc = "what a line starts with" },
  },
}
