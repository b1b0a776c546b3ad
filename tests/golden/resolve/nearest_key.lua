-- Keys that are not there: by the end of a path, by the name alone, in what another key would choose.
-- args: --set prot=2 --set task.limt=5 --set http.stak.backlog=1 --set backlg=9 --set adress=1 --set nothing=1
return unikernel "site" {
  sources  = { "site.c" },
  requires = { http = sig.http_server },
  keys     = { port = key.port { default = 8080, doc = "TCP port to listen on" } },
}
