return unikernel "web" {
  sources = { "web.c" },
  keys = {
    memory = key.size { default = 1, min = 1, max = 64, budget = 65536, doc = "pieces of 64 KiB" },
    peers  = key.integer { default = 1000, budget = 1024, within = "memory", doc = "peers" },
  },
}
