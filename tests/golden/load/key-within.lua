return unikernel "web" {
  sources = { "web.c" },
  keys = {
    memory = key.size { default = "1MiB", budget = 1, doc = "memory" },
    plain  = key.size { default = "1MiB", doc = "no memory" },
    good   = key.integer { default = 1, budget = 512, within = "memory", doc = "fits" },
    d = key.integer { default = 1, budget = 1, within = "memroy", doc = "of what?" },
    e = key.integer { default = 1, budget = 1, within = "plain", doc = "no budget" },
    f = key.integer { default = 1, budget = 1, within = "good", doc = "no size" },
    g = key.size { default = 1, budget = 1, within = "g", doc = "itself" },
  },
}
