return implementation "random_cpu" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a ChaCha20 generator, seeded by the processor's RDSEED or RDRAND",
  provides = sig.random,
  targets  = { "kvm", "xen" },
  sources  = { "random_cpu.c" },
  keys     = {
    snapshots = key.bool { default = true, doc = "seed anew when the hypervisor says that the machine continues from a snapshot, or is a copy" },
  },
}
