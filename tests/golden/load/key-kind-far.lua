return unikernel "web" { sources = { "web.c" }, keys = { rows = key.number { doc = "rows" } } }
