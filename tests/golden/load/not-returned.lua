implementation "timer" { provides = sig.clock, sources = { "timer.c" } }
return unikernel "web" { sources = { "web.c" }, flag = {} }
