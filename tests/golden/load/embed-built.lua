-- only: configure --target posix
return unikernel "web" {
  sources  = { "web.c" },
  requires = { pages = sig.kv_ro, more = sig.kv_ro },
  choose   = { pages = embed "build/posix/gen", more = embed "./build" },
}
