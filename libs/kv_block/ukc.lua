return implementation "kv_block" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc      = "keys and values on a device of sectors: each change is there whole or not at all, after any loss of power",
  provides = sig.kv_rw,
  requires = { block = sig.block, task = sig.task, log = sig.log },
  sources  = { "kv_block.c", "compact.c", "mount.c", "blank.c", "lock.c", "index.c", "format.c", "crc64.c" },
  prefer   = 5, -- what is written should last: before kv_memory, after the folder that posix has
  keys     = {
    format      = key.enum { "never", "blank", "other", "always", default = "blank", phase = "both",
                             doc = "make a new store at start: never; on a device of zeros; also on one that holds anything but such a store; always, and forget all" },
    value_bytes = key.size { default = "1MiB", min = 0, max = 1073741824, budget = 1, doc = "a value at most; as much memory is needed to write one" },
  },
}
