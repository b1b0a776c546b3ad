return implementation "idle_poll" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "sleeps in Xen until the deadline or an event of a channel, without interrupts",
  provides = { sig.idle, sig.interrupt },
  requires = { clock = sig.clock },
  targets  = { "xen" },
  sources  = { "idle_poll.c" },
  keys     = {
    stop_time = key.integer { default = 30, min = 0, max = 86400, doc = "seconds after which an image that was told to stop and has not is ended; 0: never" },
  },
}
