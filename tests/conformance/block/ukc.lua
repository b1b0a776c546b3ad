return unikernel "sectors" {
  doc      = "what every implementation of the signature block must do; it overwrites what the device holds",
  sources  = { "conformance.c" },
  requires = { block = sig.block, task = sig.task },
  keys     = { only = key.string { default = "", phase = "both", doc = "run the checks whose name contains this" } },
}
