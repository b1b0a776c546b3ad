-- args: --target posix
return unikernel "site" {
  sources  = { "site.c" },
  requires = { console = sig.console, pages = sig.kv_ro },
}
