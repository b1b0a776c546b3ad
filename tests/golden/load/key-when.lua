return unikernel "web" {
  sources = { "web.c" },
  keys = {
    mode  = key.enum { "fixed", "asked", default = "fixed", doc = "how" },
    fast  = key.bool { default = true, doc = "a bool" },
    late  = key.enum { "a", "b", default = "a", phase = "both", doc = "not a constant" },
    good  = key.ipv4 { default = "10.0.0.1", phase = "both", when = { mode = { "fixed", "asked" }, fast = true }, doc = "two conditions" },
    word  = key.port { default = 1, when = { mode = "fxied" }, doc = "no such word" },
    name  = key.port { default = 1, when = { mood = "fixed" }, doc = "no such key" },
    boot  = key.port { default = 1, when = { late = "a" }, doc = "of a key that boot may change" },
    chain = key.port { default = 1, when = { good = "10.0.0.1" }, doc = "of a key with conditions" },
    own   = key.port { default = 1, when = { own = 1 }, doc = "of itself" },
    bare  = key.port { when = { mode = "fixed" }, doc = "without a default" },
  },
}
