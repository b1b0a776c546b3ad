return implementation "idle_hlt" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "halts the processor until the deadline or an interrupt, by one shot of the local APIC's timer, against the time stamp counter where that can be",
  provides = { sig.idle, sig.interrupt },
  requires = { clock = sig.clock },
  targets  = { "kvm" },
  sources  = { "idle_hlt.c", "interrupts.c", "timer.c", "apic.c" },
}
