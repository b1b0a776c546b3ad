-- The signatures that come with ukc; each header beside this file is its contract.
return
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
