return implementation "caesar" {
  version = "1.0", licence = "ISC", origin = "examples/outside",
  doc      = "moves each letter some places along the alphabet; hides nothing from anybody",
  provides = sig.cipher,
  sources  = { "caesar.c" },
  keys     = { places = key.integer { default = 13, min = 1, max = 25, doc = "how many places" } },
}
