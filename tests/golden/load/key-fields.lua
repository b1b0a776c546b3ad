return unikernel "web" {
  sources = { "web.c" },
  keys = {
    a = key.port { default = 80 },
    b = key.bool { doc = "b", min = 1 },
    c = key.integer { doc = "c", min = 5, max = 1 },
    d = key.enum { doc = "d" },
    e = key.enum { "x", "X", doc = "e" },
    f = key.list { doc = "f" },
    g = key.list { doc = "g", of = "ipv4" },
    h = key.list { doc = "h", of = key.list { of = key.bool {} } },
    i = key.string { doc = "i", phase = "start" },
    j = key.port { doc = "j", defualt = 80 },
    ["k k"] = key.bool { doc = "k" },
    ["l-l"] = key.bool { doc = "l" },
    l_l = key.bool { doc = "l" },
    m = key.list { doc = "m", of = key.port { default = 3 } },
  },
}
