local keys = {
  snapshots = key.bool { default = true, doc = "seed anew when the hypervisor says that the machine continues from a snapshot, or is a copy" },
}

return
implementation "random_cpu" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a ChaCha20 generator, seeded by the processor's RDSEED or RDRAND",
  provides = sig.random,
  targets  = { "kvm", "xen" },
  sources  = { "random_cpu.c", "chacha.c", "seed.c" },
  keys     = keys,
},
implementation "random_noise" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a ChaCha20 generator, seeded by noise of the host, and by the processor where it has RDSEED or RDRAND",
  provides = sig.random,
  requires = { noise = sig.entropy, clock = sig.clock },
  prefer   = -10, -- it needs a device
  targets  = { "kvm", "xen" },
  sources  = { "random_noise.c", "chacha.c", "seed.c" },
  keys     = keys,
}
