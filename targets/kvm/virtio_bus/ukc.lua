return implementation "virtio_bus" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "virtio devices on PCI, and at addresses that the command line or ACPI names",
  provides = sig.virtio,
  requires = { interrupt = sig.interrupt, pages = sig.pages, clock = sig.clock },
  targets  = { "kvm" },
  sources  = { "bus.c", "ring.c", "mmio.c", "pci.c" },
  keys     = {
    transport = key.enum { "any", "pci", "mmio", default = "any", doc = "where to look for devices: on PCI, at addresses that the command line or ACPI names, or both" },
  },
}
