-- only: explain sig.http
-- args: --target posix
-- status: 1
return unikernel "site" {
  sources  = { "site.c" },
  requires = { http = sig.http_server },
}
