return unikernel "web" {
  sources = { "a.c" },
  doc = "x",
  sources = { "b.c" },
}
