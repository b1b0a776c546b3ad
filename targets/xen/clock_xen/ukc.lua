return implementation "clock_xen" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "Xen's time, and its date",
  provides = sig.clock,
  targets  = { "xen" },
  sources  = { "clock_xen.c" },
}
