return unikernel "web" { sources = { "web.c" }, requires = { c = sig "clock" } }
