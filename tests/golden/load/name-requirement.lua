return unikernel "web" {
  sources  = { "web.c" },
  requires = { ["http-server"] = sig.http_server, string = sig.kv_ro, keys = sig.kv_ro, double = sig.clock, sig.log },
}
