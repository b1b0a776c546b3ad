return implementation "random_cpu" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a ChaCha20 generator, seeded by the processor's RDSEED or RDRAND",
  provides = sig.random,
  targets  = { "kvm", "xen" },
  sources  = { "random_cpu.c" },
}
