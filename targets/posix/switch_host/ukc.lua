return
  signature "switch_link" {
    version = "1.0", doc = "the cable from a simulated host to its switch", shared = true, exclusive = true,
  },
  implementation "switch_host" {
    version = "0.1", licence = "ISC", origin = "ukc",
    doc = "time, randomness and the outside of a host that ukc-switch simulates; its random bytes can be foretold",
    provides  = { sig.switch_link, sig.idle, sig.events, sig.clock, sig.random },
    when      = { link = "switch" },
    conflicts = { "epoll_loop", "clock_posix", "random_posix" },
    prefer    = 10,
    targets   = { "posix" },
    sources   = { "switch_host.c", "exchange.c", "outside.c", "chacha.c" },
    flags     = { "-D_GNU_SOURCE" },
    keys      = {
      socket = key.string { default = "", phase = "both",
                            doc = "the Unix socket of a switch that waits for this host; empty: the switch that started this process" },
    },
  }
