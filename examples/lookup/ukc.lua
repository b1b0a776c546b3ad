return unikernel "lookup" {
  doc      = "prints the addresses of a name",
  sources  = { "lookup.c" },
  requires = { names = sig.resolver, clock = sig.clock, console = sig.console },
  keys     = {
    name    = key.string { default = "localhost", phase = "both", doc = "the name to look up" },
    family  = key.enum { "any", "ipv4", "ipv6", default = "any", phase = "both", doc = "which addresses to print" },
    seconds = key.integer { default = 10, min = 1, max = 3600, phase = "both", doc = "how long to try" },
  },
}
