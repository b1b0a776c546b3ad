return unikernel "web" {
  sources  = { "web.c" },
  provides = sig.program,
}
