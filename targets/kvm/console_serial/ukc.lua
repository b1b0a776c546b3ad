return implementation "console_serial" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "the machine's first serial line",
  provides = sig.console,
  targets  = { "kvm" },
  sources  = { "console_serial.c" },
}
