-- only: plan --target kvm
return unikernel "web" {
  sources = { "web.c" },
  keys = {
    memory  = key.size { default = "1MiB", min = 65536, budget = 1, doc = "memory" },
    buffers = key.integer { default = 16, budget = 2048, doc = "buffers" },
    peers   = key.integer { default = 1024, budget = 1024, within = "memory", doc = "just fit" },
    quiet   = key.integer { default = 7, doc = "no memory" },
  },
}
