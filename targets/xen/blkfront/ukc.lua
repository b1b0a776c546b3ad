return implementation "blkfront" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a disk of the domain: vbd",
  provides = sig.block,
  requires = { interrupt = sig.interrupt, task = sig.task, pages = sig.pages, log = sig.log },
  targets  = { "xen" },
  sources  = { "blkfront.c", "requests.c", "transfer.c" },
  keys     = {
    index     = key.integer { default = -1, min = -1, max = 31, phase = "both", doc = "which disk: 0 is xvda, 1 xvdb; -1: the only one" },
    read_only = key.bool { default = false, doc = "never write" },
    buffers   = key.integer { default = 64, min = 8, max = 512, budget = 4096, doc = "pages that the other end sees: what is on its way" },
  },
}
