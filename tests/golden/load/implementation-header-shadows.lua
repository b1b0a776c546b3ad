return implementation "time" { provides = sig.clock }, implementation "x" { provides = { sig.clock, "log", sig.clock }, header = "string.h" }
