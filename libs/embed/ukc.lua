-- What `embed "DIR"` uses: the files of a directory, inside the image. Without a directory it is never the answer to a requirement.
return implementation "embed" {
  version  = "1.0", licence = "ISC", origin = "ukc",
  doc      = "files of a directory in read-only data: constant-time look-up, no copies, compressed twins",
  provides = sig.kv_ro,
  sources  = { "embed.c" },
}
