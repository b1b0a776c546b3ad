return unikernel "web" { doc = "größe", sorces = { "web.c" }, sources = { "web.c" } }
