-- The same checks over each implementation of a flow.
local megabytes = key.integer { default = 20, min = 1, max = 10000, phase = "both", doc = "size of the large transfer" }

return
  unikernel "over-tcp" {
    doc      = "what every implementation of the signature flow must do, over a TCP connection",
    sources  = { "over-tcp.c", "conformance.c" },
    requires = { flow = sig.flow, stack = sig.stack, task = sig.task, clock = sig.clock },
    choose   = { flow = "flow_tcp" },
    keys     = { megabytes = megabytes, port = key.port { default = 7117, doc = "where the other end listens; flow.port is the same" } },
    set      = { ["flow.port"] = 7117 },
  },
  unikernel "over-stdio" {
    doc      = "what every implementation of the signature flow must do, over standard input and output",
    sources  = { "over-stdio.c", "conformance.c" },
    requires = { flow = sig.flow, task = sig.task, clock = sig.clock },
    choose   = { flow = "flow_stdio" },
    keys     = { megabytes = megabytes },
  }
