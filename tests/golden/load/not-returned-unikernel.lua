-- one message: there is nothing else to say
unikernel "web" { sources = { "web.c" } }
