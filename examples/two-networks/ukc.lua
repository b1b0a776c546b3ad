-- Two network interfaces, each with a stack of its own: nothing goes from one network to the other but what the program passes on.
return unikernel "two-networks" {
  doc      = "passes TCP connections from one network on to a server in another",
  sources  = { "two-networks.c" },
  requires = { front = sig.stack, back = sig.stack, task = sig.task, clock = sig.clock, log = sig.log },
  choose   = {
    front = instance "lwip" {
      choose = {
        netif = match "target" {
          kvm     = instance "virtio_net" { set = { index = 0 } },
          xen     = instance "netfront" { set = { index = 0 } },
          default = "netif_tap",
        },
      },
      set    = { log_name = "front" },
    },
    back  = instance "lwip" {
      choose = {
        netif = match "target" {
          kvm     = instance "virtio_net" { set = { index = 1 } },
          xen     = instance "netfront" { set = { index = 1 } },
          default = instance "netif_tap" { set = { device = "tap1", host_ipv4 = "10.0.1.1/24", host_ipv6 = "fd00:0:0:1::1/64" } },
        },
      },
      set    = { log_name = "back", address = "10.0.1.2/24", router = "10.0.1.1", address6 = "fd00:0:0:1::2/64", router6 = "fd00:0:0:1::1" },
    },
  },
  keys     = {
    port   = key.port { default = 8080, phase = "both", doc = "of the front, and of the server" },
    server = key.ipv4 { default = "10.0.1.1", phase = "both", doc = "where connections go, in the network of the back" },
  },
}
