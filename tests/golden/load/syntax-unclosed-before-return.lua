local x = {
  1,
return unikernel "x" {
  sources = { "x.c" },
}
