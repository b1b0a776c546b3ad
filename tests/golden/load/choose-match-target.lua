return unikernel "web" {
  sources  = { "web.c" },
  requires = { log = sig.log },
  choose   = { log = match "target" { posixx = "log_console", linux = "log", default = "log_ring" } },
}
