return implementation "virtio_blk" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a disk of the machine, by virtio",
  provides = sig.block,
  requires = { virtio = sig.virtio, task = sig.task, pages = sig.pages, log = sig.log },
  targets  = { "kvm" },
  sources  = { "virtio_blk.c" },
  keys     = {
    index     = key.integer { default = -1, min = -1, max = 31, phase = "both", doc = "which disk, from 0, in the machine's order; -1: the only one" },
    read_only = key.bool { default = false, doc = "never write" },
    requests  = key.integer { default = 16, min = 1, max = 256, doc = "transfers at a time; more wait" },
  },
}
