return implementation "block_file" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a file of the host as a device of sectors",
  provides = sig.block,
  targets  = { "posix" },
  sources  = { "block_file.c" },
  flags    = { "-D_GNU_SOURCE" },
  keys     = {
    path        = key.path    { default = "disk.img", phase = "both", doc = "the file" },
    size        = key.size    { default = 0, doc = "make the file, or extend it, to this size; 0: take it as it is" },
    sector_size = key.integer { default = 512, min = 512, max = 65536, doc = "bytes in a sector, a power of two" },
    read_only   = key.bool    { default = false, doc = "never write" },
  },
}
