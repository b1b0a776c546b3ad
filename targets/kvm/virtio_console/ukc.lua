return implementation "virtio_console" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a console by virtio, for machines that have one",
  provides = sig.console,
  requires = { virtio = sig.virtio, task = sig.task, pages = sig.pages, clock = sig.clock },
  targets  = { "kvm" },
  sources  = { "virtio_console.c" },
  prefer = -1,
}
