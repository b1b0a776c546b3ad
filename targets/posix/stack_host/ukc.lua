return implementation "stack_host" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "TCP and UDP of the host, over non-blocking sockets",
  provides = sig.stack,
  requires = { task = sig.task, events = sig.events, clock = sig.clock },
  when     = { net = "host" },
  targets  = { "posix" },
  sources  = { "configuration.c", "host_files.c", "socket.c", "tcp.c", "udp.c" },
  flags    = { "-D_GNU_SOURCE" },
  keys     = {
    backlog = key.integer { default = 4096, min = 1, max = 65535,
                            doc = "connections that may wait to be accepted when the program does not say; the host may allow fewer" },
    resolv_conf = key.path { default = "/etc/resolv.conf", read_only = true, doc = "the file that names the host's name servers (resolv.conf(5)); read when somebody asks for them" },
  },
}
