return implementation "virtio_rng" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "noise from the host, by virtio",
  provides = sig.entropy,
  requires = { virtio = sig.virtio, task = sig.task, pages = sig.pages },
  targets  = { "kvm" },
  sources  = { "virtio_rng.c" },
}
