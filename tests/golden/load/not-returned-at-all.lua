implementation "timer" { provides = sig.clock, sources = { "timer.c" } }
