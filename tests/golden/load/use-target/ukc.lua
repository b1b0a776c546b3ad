use "mylib"

return unikernel "app" { sources = { "app.c" } }
