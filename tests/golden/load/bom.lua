return unikernel "web" { sorces = { "web.c" } }
