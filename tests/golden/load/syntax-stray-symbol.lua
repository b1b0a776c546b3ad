return unikernel "web" { sources = { "web.c" }, doc = $name }
