return implementation "pages_pvh" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "pages of the machine's memory, the one below each allocation unmapped",
  provides = sig.pages,
  targets  = { "kvm", "xen" },
  sources  = { "pages_pvh.c" },
}
