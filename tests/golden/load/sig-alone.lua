-- status: 1
return unikernel "b" { sources = { "b.c" }, requires = { disk = sig } }
