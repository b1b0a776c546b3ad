return unikernel "homepage" {
  sources = { "homepage.c" },
  require = { http = sig.http_server },
}
