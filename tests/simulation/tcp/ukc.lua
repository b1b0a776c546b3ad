return unikernel "tcp-echo" {
  ukc      = ">= 0.1",
  doc      = "sends bytes over TCP to servers that send them back, and compares; or is such a server",
  sources  = { "tcp-echo.c" },
  requires = { stack = sig.stack, task = sig.task, clock = sig.clock, log = sig.log },
  keys     = {
    servers     = key.integer { default = 0, min = 0, max = 16000, phase = "both",
                                doc = "hosts 1 to this serve: 10.0.(n/250).(n%250+1) and fd00::n; 0: serves" },
    first       = key.integer { default = 1, min = 1, max = 16000, phase = "both", doc = "the server of the first connection; the next is that of the next" },
    connections = key.integer { default = 2, min = 1, max = 10000, phase = "both", doc = "at the same time, by turns over IPv4 and IPv6" },
    bytes       = key.size    { default = "100KiB", min = 1, phase = "both", doc = "sent over each connection" },
  },
}
