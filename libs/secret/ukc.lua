-- What is put into an image after it was built, by `ukc seal`: a password, a key. It is the answer to a requirement only where a manifest chooses it.
return implementation "secret" {
  version  = "1.0", licence = "ISC", origin = "ukc",
  doc      = "one entry, of which the image has the room and ukc seal puts the bytes there: not in the store, no record, no hash",
  provides = sig.kv_ro,
  sources  = { "secret.c" },
  keys     = {
    name = key.string { doc = "its key in the store, and the name that ukc seal gives the bytes by: at most 63 bytes" },
    size = key.size { default = "4KiB", min = 1, max = "1MiB", doc = "room for it in the image: it may be smaller" },
  },
}
