return implementation "console_xen" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "the domain's console: xl console",
  provides = sig.console,
  targets  = { "xen" },
  sources  = { "console_xen.c" },
}
