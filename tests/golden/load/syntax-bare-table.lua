{
  name = "web",
  sources = { "web.c" },
}
