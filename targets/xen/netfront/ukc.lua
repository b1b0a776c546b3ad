return implementation "netfront" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a network interface of the domain: vif",
  provides = sig.netif, untrusted_input = true,
  requires = { interrupt = sig.interrupt, task = sig.task, pages = sig.pages, log = sig.log },
  targets  = { "xen" },
  sources  = { "netfront.c", "receive.c", "send.c" },
  keys     = {
    mac   = key.mac { default = "00:00:00:00:00:00", phase = "both", doc = "which interface: the one with this Ethernet address; all zero: any" },
    index = key.integer { default = -1, min = -1, max = 31, phase = "both", doc = "which interface, by its number (device/vif/N); -1: the only one" },
    mtu   = key.integer { default = 1500, min = 576, max = 1500, phase = "both", doc = "bytes of payload in a frame, at most; less if the toolstack says so" },
    offload = key.bool { default = true, phase = "both", doc = "leave checksums, and the division of segments, to the other end" },
    receive_buffers = key.integer { default = 64, min = 8, max = 256, budget = 4096, doc = "pages for frames that nobody has received yet" },
    send_buffers    = key.integer { default = 64, min = 8, max = 256, budget = 2048, doc = "pieces of 2 KiB for frames on their way out" },
  },
}
