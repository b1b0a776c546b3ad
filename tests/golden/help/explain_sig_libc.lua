-- only: explain sig.libc
-- args: --target posix
-- status: 1
return unikernel "site" {
  sources  = { "site.c" },
  requires = { http = sig.http_server },
}
