return unikernel "x" {
  sources = { "x.c" },
