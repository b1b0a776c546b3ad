return unikernel "conformance" {
  ukc      = ">= 0.1",
  doc      = "what every implementation of the signature stack must do",
  sources  = { "conformance.c", "opening.c", "ending.c", "waiting.c", "stopping.c", "transfer.c", "many.c", "datagrams.c", "configuration.c" },
  requires = { stack = sig.stack, task = sig.task, clock = sig.clock },
  keys     = {
    megabytes   = key.integer { default = 100, min = 1, max = 10000, phase = "both", doc = "size of the large transfer" },
    connections = key.integer { default = 3000, min = 1, max = 100000, phase = "both",
                                doc = "connections one after another" },
    together    = key.integer { default = 3000, min = 1, max = 100000, phase = "both",
                                doc = "connections at the same time; on the host's stack each takes two descriptors" },
    only        = key.string { default = "", phase = "both", doc = "run the checks whose name contains this" },
  },
}
