return unikernel "web" { sources = { "web.c" }, requires = { clock = sig.clock }, choose = { clock = sig.clock } }
