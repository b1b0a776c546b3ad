-- declared instances, alone on their line and not
local data = instance "kv_memory" {}
local function store(size) return instance "kv_memory" { set = { bytes = size } } end
return unikernel "web" {
  sources = { "web.c" },
  requires = { big = sig.kv_rw, shared = sig.kv_rw, small = sig.kv_rw, other = sig.kv_rw },
  choose = { shared = data, other = data, big = store(2), small = store(1) },
}
