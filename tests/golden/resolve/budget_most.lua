-- args: --target kvm
return unikernel "web" {
  sources = { "web.c" },
  keys = {
    much  = key.size { default = "8388607TiB", budget = 1, doc = "near 2^63" },
    more  = key.size { default = "129TiB", budget = 1, doc = "more than addresses reach" },
    most  = key.size { default = "128TiB", budget = 1, doc = "just what they reach" },
    peers = key.integer { default = 9007199254740993, budget = 1024, doc = "the product is more than 63 bits hold" },
    names = key.integer { default = 9007199254740993, budget = 1024, within = "most", doc = "within another, too" },
    few   = key.integer { default = 9007199254740993, min = 9007199254740992, budget = 1024, doc = "no lower value would do" },
  },
}
