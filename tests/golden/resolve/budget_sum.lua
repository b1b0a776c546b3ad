-- args: --target kvm
return unikernel "web" {
  sources = { "web.c" },
  keys = {
    limit = key.size { default = "128TiB", budget = 1, doc = "a limit: nothing is taken from the start" },
    peers = key.integer { default = 100000000000, budget = 1024, doc = "each by itself would fit" },
    names = key.integer { default = 80000000000, budget = 512, doc = "together they do not" },
  },
}
