return unikernel "web" {
  sources = { "web.c" },
  keys = {
    memory = key.size { default = "1MiB", budget = 1, doc = "memory" },
    plain  = key.size { default = "1MiB", doc = "no memory" },
    good   = key.integer { default = 1, budget = 512, within = "memory", doc = "fits" },
    a = key.port { default = 80, budget = 1, doc = "not of a port" },
    b = key.integer { default = 1, budget = -1, doc = "less than nothing" },
    c = key.integer { default = 1, within = "memory", doc = "how much?" },
    h = key.integer { default = 1, budget = "2KiB", doc = "a number" },
    i = key.integer { default = 1, budget = 0, doc = "nothing" },
    j = key.integer { default = 1, budget = 0, within = "memory", doc = "a part of no size" },
  },
}
