-- The signatures that come with ukc.  The contract of each is its header, beside this file.
return
  signature "program" { version = "1.0", doc = "what an image is for: its main function" },
  signature "console" { version = "1.0", doc = "the operator's text channel", shared = true },
  signature "clock"   { version = "1.0", doc = "monotonic and wall-clock time", shared = true },
  signature "random"  { version = "1.0", doc = "unpredictable bytes", shared = true },
  signature "log"     { version = "1.0", doc = "messages for the operator", shared = true },
  signature "task"    { version = "1.0", doc = "cooperative tasks with deadlines and cancellation",
                        objects = { "task" }, shared = true, exclusive = true },
  signature "idle"    { version = "1.0", doc = "waiting for the world outside", shared = true, exclusive = true },
  signature "events"  { version = "1.0", doc = "readiness of file descriptors (posix)",
                        objects = { "events_source" }, shared = true, exclusive = true },
  signature "pages"   { version = "1.0", doc = "whole pages of memory with a guard below", shared = true },
  signature "block"   { version = "1.0", doc = "a device of fixed-size sectors" },
  signature "netif"   { version = "1.0", doc = "a network interface that carries Ethernet frames",
                        keys = { link = key.enum { "tap", "packet", "pcap", "switch", default = "tap",
                                                   doc = "on posix, what frames travel on: a tap device, an interface of the host, capture files, a simulated switch" } } },
  signature "stack"   { version = "1.0", doc = "TCP and UDP over IPv4 and IPv6", shared = true,
                        objects = { "stack_flow", "stack_listener", "stack_udp" },
                        keys = { net = key.enum { "host", "native", default = "host",
                                                  doc = "whose TCP/IP: the host's sockets, or a stack in the image" } } },
  signature "resolver" { version = "1.0", doc = "addresses of names", shared = true },
  signature "flow"    { version = "1.0", doc = "one byte stream to somewhere the configuration says", objects = { "flow" } },
  signature "kv_ro" {
    version = "1.0", header = "kv_ro.h", objects = { "kv_ro_entry" },
    doc = "a read-only key-value store with media types, entity tags and compressed twins",
  },
  signature "kv_rw" {
    version = "1.0", header = "kv_rw.h",
    doc = "a key-value store that can be written, each value whole",
  },
  signature "http_server" {
    version = "1.0", header = "http_server.h", objects = { "http_server_exchange" }, shared = true,
    doc = "answer HTTP requests",
  },
  signature "compress" {
    version = "1.0", header = "compress.h",
    doc = "make bytes smaller, and get them back",
  }
