return implementation "virtio_net" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a network card of the machine, by virtio",
  provides = sig.netif, untrusted_input = true,
  requires = { virtio = sig.virtio, task = sig.task, pages = sig.pages, log = sig.log, clock = sig.clock },
  targets  = { "kvm" },
  sources  = { "virtio_net.c", "receive.c", "send.c", "control.c" },
  keys     = {
    mac   = key.mac { default = "00:00:00:00:00:00", phase = "both", doc = "which card: the one with this Ethernet address; all zero: any" },
    index = key.integer { default = -1, min = -1, max = 31, phase = "both", doc = "which card, from 0, in the machine's order; -1: the only one" },
    mtu   = key.integer { default = 1500, min = 576, max = 9216, phase = "both", doc = "bytes of payload in a frame, at most; less if the card says so" },
    offload = key.bool { default = true, phase = "both", doc = "leave checksums, and the division of segments, to the host" },
    receive_buffers = key.integer { default = 64, min = 8, max = 1024, budget = 2048, doc = "pieces of 2 KiB for frames that nobody has received yet" },
    send_buffers    = key.integer { default = 64, min = 8, max = 1024, budget = 2048, doc = "pieces of 2 KiB for frames on their way out" },
  },
}
