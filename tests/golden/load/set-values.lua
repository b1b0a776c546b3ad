return unikernel "web" {
  sources = { "web.c" },
  set = {
    ["http.idle"] = 30,
    http = { idle = 31, ["bad path!"] = 1 },
    ratio = 0.5,
    mixed = { 1, 2, x = 3 },
    list = { "a,b" },
    func = tostring,
    inst = instance "x",
    ["a..b"] = 1,
    3,
  },
}
