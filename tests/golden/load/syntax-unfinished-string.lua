return unikernel "web" {
  sources = { "web.c },
}
