local helper = {}
return unikernel "web" { sources = { "web.c" }, set = { idle = helper.idle(3) } }
