-- only: plan --target posix --set seal.rellro=false
-- status: 1
return unikernel "app" { sources = { "app.c" } }
