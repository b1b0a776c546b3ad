local body = { sources = { "web.c" } }
body.requier = { clock = sig.clock }
return unikernel "web" (body)
