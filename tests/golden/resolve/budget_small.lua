return unikernel "web" {
  sources = { "web.c" },
  keys = {
    memory = key.size { default = "1MiB", max = 1050000, budget = 1, doc = "memory" },
    peers  = key.integer { default = 1000, budget = 1024, within = "memory", doc = "peers" },
    names  = key.integer { default = 800, budget = 64, within = "memory", doc = "both together are too much" },
  },
}
