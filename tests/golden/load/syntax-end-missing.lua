local function f()
  if true then
    return 1
return unikernel "web" { sources = { "web.c" } }
