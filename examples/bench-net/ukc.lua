return unikernel "bench-net" {
  doc      = "throughput of TCP in both directions",
  sources  = { "bench-net.c", "serve.c", "measure.c", "meter.c" },
  requires = { stack = sig.stack, task = sig.task, clock = sig.clock, console = sig.console },
  keys     = {
    server  = key.ipv4 { default = "0.0.0.0", phase = "both", doc = "measure against the image at this address, then end; 0.0.0.0: serve" },
    server6 = key.ipv6 { default = "::", phase = "both", doc = "the same over IPv6" },
    seconds = key.integer { default = 5, min = 1, max = 86400, phase = "both", doc = "for each direction" },
    discard = key.port { default = 5009, phase = "both", doc = "port of which all is thrown away" },
    chargen = key.port { default = 5019, phase = "both", doc = "port that sends for ever" },
  },
}
