return unikernel "web" { sources = { "web.c" }, doc = "built " .. os.time() }
