return unikernel "raw-ping" {
  ukc      = ">= 0.1",
  doc      = "asks and answers with raw frames, for tests of what is below a stack",
  sources  = { "raw-ping.c" },
  requires = { netif = sig.netif, task = sig.task, clock = sig.clock, random = sig.random, log = sig.log },
  keys     = {
    peer  = key.integer { default = 0, min = 0, max = 65535, phase = "both", doc = "number of the host to ask; 0: answers" },
    count = key.integer { default = 10, min = 0, max = 1000000, phase = "both", doc = "requests" },
    fault = key.enum { "none", "crash", "hang", "leave", "spin", "flood", default = "none", phase = "both",
                       doc = "what goes wrong after half of the requests" },
  },
}
