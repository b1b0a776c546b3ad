return signature "greet" {}, implementation "hi" { provides = sig.greet, sources = { "hi.c" } },
  unikernel "x" { sources = { "x.c" }, requires = { g = sig.greet }, host_libc = true }
