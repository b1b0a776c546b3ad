return unikernel "x" {
  sources = { "x.c" },
  requires = { console = sig.console,
  choose = { a = "b" },
}
