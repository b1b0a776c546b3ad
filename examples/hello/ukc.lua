return unikernel "hello" {
  doc      = "prints one line",
  sources  = { "hello.c" },
  requires = { console = sig.console },
}
