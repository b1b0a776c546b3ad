return unikernel "homepage" {
  sources = { "homepage.c" },
  banana = 3,
  [1] = "x",
}
