return unikernel "web" {
  sources = { "web.c" },
  sorces = 3,
}
