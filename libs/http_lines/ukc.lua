return implementation "http_lines" {
  version = "1.0", licence = "ISC", origin = "ukc",
  doc      = "HTTP/1.1 taken apart line by line, for images that count their bytes",
  provides = sig.http_syntax, untrusted_input = true,
  when     = { parser = "lines" },
  sources  = { "fields.c", "chunks.c" },
}
