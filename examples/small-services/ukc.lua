-- Three small services of the Internet: appliances that differ in one C file and share their server.
local function service(name, port, doc, random)
  return unikernel(name) {
    doc      = doc,
    sources  = { name .. ".c", "service.c", "datagrams.c" },
    requires = { stack = sig.stack, task = sig.task, clock = sig.clock, log = sig.log, random = random },
    keys     = {
      port        = key.port { default = port, phase = "both", doc = "TCP and UDP port" },
      connections = key.integer { default = 1000, min = 1, max = 1000000, phase = "both",
                                  doc = "connections at most; the one that has been still longest makes place for a new one" },
      idle        = key.integer { default = 60, min = 1, max = 86400, phase = "both",
                                  doc = "seconds after which a connection on which nothing moves is given up" },
      answers     = key.integer { default = 10000, min = 0, max = 1000000000, phase = "both",
                                  doc = "datagrams answered in a second, at most; discard answers none" },
    },
  }
end

return service("echo", 7007, "sends back what it receives (RFC 862)"),
       service("discard", 7009, "throws away what it receives (RFC 863)"),
       service("chargen", 7019, "sends characters for ever (RFC 864)", sig.random)
