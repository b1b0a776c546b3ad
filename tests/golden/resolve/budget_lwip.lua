-- args: --target kvm
return unikernel "web" {
  sources  = { "web.c" },
  requires = { http = sig.http_server },
  set      = { ["http.stack.connections"] = 10000 },
}
