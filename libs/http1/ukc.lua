return implementation "http1" {
  version = "1.0", licence = "ISC", origin = "ukc",
  doc      = "an HTTP/1.1 server: keep-alive, pipelining, ranges, conditional requests",
  provides = sig.http_server, untrusted_input = true,
  requires = { stack = sig.stack, task = sig.task, clock = sig.clock, log = sig.log, pages = sig.pages, parser = sig.http_syntax },
  sources  = {
    "serve.c", "exchange.c", "head.c", "chunks.c", "body.c", "transport.c", "respond.c", "representation.c",
    "status.c", "target.c", "text.c", "date.c",
  },
  keys = {
    connections  = key.integer { default = 1024, min = 1, max = 1000000,
                                 doc = "connections at most; the one that has waited longest for its client makes place for a new one" },
    requests     = key.integer { default = 100000, min = 1, max = 2147483647,
                                 doc = "requests on one connection, before it is closed" },
    header_bytes = key.size { default = "8KiB", min = 1024, max = 1048576, doc = "the head of a request at most (431)" },
    headers      = key.integer { default = 64, min = 8, max = 1000, doc = "header fields in a request at most (431)" },
    target_bytes = key.size { default = "4KiB", min = 64, max = 65536, doc = "the target of a request at most (414)" },
    body_bytes   = key.size { default = "1MiB", min = 0, doc = "the body of a request at most (413)" },
    out_bytes    = key.size { default = "16KiB", min = 12288, max = 1048576,
                              doc = "buffer in which answers to pipelined requests are gathered" },
    stack_bytes  = key.size { default = match "target" { posix = "64KiB", default = "28KiB" }, min = 16384, doc = "stack of a connection's task, on which the handler runs" },
    idle         = key.integer { default = 60, min = 1, max = 86400, doc = "seconds a connection may wait between requests" },
    header_time  = key.integer { default = 10, min = 1, max = 86400, doc = "seconds for the head of a request (408)" },
    body_time    = key.integer { default = 30, min = 1, max = 86400, doc = "seconds for each MiB of a body that has begun (408)" },
    send_time    = key.integer { default = 30, min = 1, max = 86400, doc = "seconds for each MiB sent at once that has begun" },
    stop_time    = key.integer { default = 5, min = 0, max = 3600, doc = "seconds for answers under way when the server stops" },
    server       = key.string { default = "", doc = "the Server field of answers; empty: none" },
  },
  flags   = {
    "-fno-sanitize=function",  -- a handler takes the exchange under its requirement's name, and is called with it under ours
  },
}
