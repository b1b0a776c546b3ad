return unikernel "web" { sources = { "a.c" } },
  unikernel "web" { sources = { "b.c" } },
  implementation "disk" { provides = sig.block, version = "1" },
  implementation "disk" { provides = sig.block, version = "2" },
  implementation "disk" { provides = sig.block, version = "1" },
  signature "s" {},
  signature "s" { doc = "again" }
