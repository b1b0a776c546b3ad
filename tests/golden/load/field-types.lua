return unikernel "web" {
  ukc      = 1,
  doc      = 3,
  version  = 1.0,
  licence  = {},
  sources  = "web.c",
  requires = "http",
  choose   = sig.clock,
  keys     = 80,
  set      = true,
  flags    = { 1, {} },
}
