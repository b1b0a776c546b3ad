return implementation "idle_poll" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "sleeps in Xen until the deadline or an event of a channel, without interrupts",
  provides = { sig.idle, sig.interrupt },
  requires = { clock = sig.clock },
  targets  = { "xen" },
  sources  = { "idle_poll.c" },
}
