return unikernel "counter" {
  doc      = "counts POST requests, and remembers",
  sources  = { "counter.c" },
  requires = { http = sig.http_server, store = sig.kv_rw, task = sig.task },
  keys     = { port = key.port { default = 8080, phase = "both", doc = "TCP port to listen on" } },
}
