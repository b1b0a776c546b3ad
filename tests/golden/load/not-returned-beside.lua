unikernel "web" { sources = { "web.c" } }
return implementation "timer" { provides = sig.clock, sources = { "timer.c" } }
