return implementation "q" { provides = "console", sources = { "x.c" } },
  unikernel "x" { sources = { "x.c" }, imports = "zlib" }
