return unikernel "int" { sources = { "web.c" } }, implementation "my impl" { provides = sig.clock }
