use "libs"
use "lib/pnod"
use "elsewhere/altogether"
return unikernel "web" { sources = { "web.c" } }
