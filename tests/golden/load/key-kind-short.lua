return unikernel "web" { sources = { "web.c" }, keys = { rows = key.int { doc = "rows" } } }
