return implementation "clock_tsc" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "time from the processor's time stamp counter, its rate from the hypervisor or measured against the local APIC; the date from KVM or from the clock with a battery",
  provides = sig.clock,
  targets  = { "kvm" },
  sources  = { "clock_tsc.c", "rtc.c" },
}
