return unikernel "web" { doc = "no sources" }, implementation "x" { sources = { "x.c" } }
