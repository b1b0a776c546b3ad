return signature "greet" { header = "-g.h" }, implementation "hi" { provides = sig.greet, header = "-h.h", sources = { "hi.c" } },
  unikernel "x" { sources = { "x.c" }, requires = { g = sig.greet }, host_libc = true }
