return unikernel "web" { sources = { "a.c", 3, { "b.c" }, match "target" { kvm = 4, posix = { "x.h" } }, sig.clock } }
