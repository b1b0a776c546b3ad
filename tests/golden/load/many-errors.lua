return unikernel "web" {
  ukc      = ">= 0.1",
  source   = { "web.c" },
  requires = { http = sig.http_server, log = "log" },
  choose   = { htp = "http1" },
  keys     = { port = key.port { default = 99999, doc = "port" }, idle = key.integer { default = "a", doc = "x" } },
  flags    = { "-O2" },
}
