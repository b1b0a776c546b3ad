return implementation "epoll_loop" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "waits for file descriptors and signals with epoll, edge-triggered",
  provides = { sig.idle, sig.events },
  requires = { clock = sig.clock },
  targets  = { "posix" },
  sources  = { "epoll_loop.c", "signals.c" },
  flags    = { "-D_GNU_SOURCE" },
  keys     = {
    signals = key.bool { default = true, doc = "SIGINT and SIGTERM ask the image to stop; a second one ends it at once" },
  },
}
