return unikernel "web" { sources = { "web.c" }, requires = { c = sig.clock ">= 2" } }
