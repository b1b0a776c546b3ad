-- links that lead elsewhere, and some that do not
local web = unikernel "web" {
  sources  = { "web.c", "lnk/a.c", "same.c", "lnk/missing.c" },
  flags    = { "-Ilnk", "-Iinclude", "-Imissing" },
  requires = { pages = sig.kv_ro },
  choose   = { pages = embed "etc" },
}
return web, implementation "ours" { provides = sig.clock, header = "their.h" }
