return implementation "idle_hlt" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "halts the processor until the deadline or an interrupt, by one shot of the local APIC's timer",
  provides = { sig.idle, sig.interrupt },
  requires = { clock = sig.clock },
  targets  = { "kvm" },
  sources  = { "idle_hlt.c", "interrupts.c", "apic.c" },
}
