return unikernel "web" {
  sources = { "web.c" },
  keys = { port = key.port { default = 80, doc = "port" },
}
