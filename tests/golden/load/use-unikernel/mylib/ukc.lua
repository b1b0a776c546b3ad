return unikernel "demo" { sources = { "demo.c" } }
