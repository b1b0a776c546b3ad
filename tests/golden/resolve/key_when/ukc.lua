-- Where a key is not used its value has no effect, which is said, and it is a constant; 'router' is used.
-- args: --quiet --set net=native --set ipv6=off --set address6=fd01::7/64 --set router=10.0.0.9
-- status: 0
return unikernel "site" {
  sources  = { "site.c" },
  requires = { http = sig.http_server },
  keys     = { port = key.port { default = 8080, doc = "TCP port to listen on" } },
}
