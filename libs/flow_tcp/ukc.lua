return implementation "flow_tcp" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a TCP connection to a configured address",
  provides = sig.flow,
  requires = { stack = sig.stack },
  sources  = { "flow_tcp.c" },
  keys     = {
    family = key.enum { "ipv4", "ipv6", default = "ipv4", doc = "which of the two addresses to connect to" },
    ipv4   = key.ipv4 { default = "127.0.0.1", doc = "the peer's IPv4 address" },
    ipv6   = key.ipv6 { default = "::1", doc = "the peer's IPv6 address" },
    port   = key.port { default = 7, doc = "the peer's TCP port" },
  },
}
