local common = {
  flags = { "-O3" },
  requires = { clock = sig.clock, ["while"] = sig.clock },
}
return unikernel "web" {
  sources  = { "web.c" },
  flags    = common.flags,
  requires = common.requires,
}
