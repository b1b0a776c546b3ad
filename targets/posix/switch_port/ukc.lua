return implementation "switch_port" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a port of the simulated switch of ukc-switch",
  provides = sig.netif,
  requires = { switch_link = sig.switch_link, task = sig.task },
  when     = { link = "switch" },
  targets  = { "posix" },
  sources  = { "switch_port.c" },
}
