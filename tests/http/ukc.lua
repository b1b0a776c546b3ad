-- What tests/http_conformance.py talks to: every way to answer, and limits small enough to reach.
return unikernel "probe" {
  doc      = "a server with a bit of everything, to be tested from outside",
  sources  = { "probe.c" },
  requires = { http = sig.http_server, pages = sig.kv_ro },
  choose   = { pages = embed { "htdocs", compress = "gzip" } },
  keys     = { port = key.port { default = 8080, phase = "both", doc = "TCP port to listen on" } },
  set      = {
    ["http.connections"] = 40, ["http.requests"] = 100, ["http.body_bytes"] = 100000,
    ["http.idle"] = 3, ["http.header_time"] = 1, ["http.body_time"] = 1, ["http.send_time"] = 2, ["http.stop_time"] = 2,
  },
}
