return unikernel "web" {
  sources = { "web.c" },
  keys = { port = key.{ default = 80, doc = "port" } },
}
