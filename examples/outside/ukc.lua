use "lib" -- the signatures and implementations below lib/ join those that come with ukc

return unikernel "outside" {
  doc      = "a project with a signature and a library of its own",
  sources  = { "outside.c" },
  requires = { cipher = sig.cipher, console = sig.console },
  set      = { ["cipher.places"] = 3 },
}
