local options = {}
return unikernel "web" { sources = { "web.c" }, set = { idle = options.http.idle } }
