-- What tests/suites/tap.py talks to: an image on bare frames, without a stack.
return unikernel "answer" {
  doc      = "answers ARP, datagrams, connections and frames of its own kind",
  sources  = { "answer.c" },
  requires = { net = sig.netif, log = sig.log },
  keys     = { ipv4 = key.ipv4 { default = "10.0.0.2", phase = "both", doc = "what it answers ARP for" } },
}
