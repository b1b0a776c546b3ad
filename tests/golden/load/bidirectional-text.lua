return unikernel "web" { -- ‮
  sources = { "a.c" } }
