site = embed "htdocs"
return unikernel "web" { sources = { "web.c" }, requires = { pages = sig.kv_ro }, choose = { pages = site } }
