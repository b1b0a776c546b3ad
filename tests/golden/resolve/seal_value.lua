-- only: plan --target posix
-- status: 1
return unikernel "app" { sources = { "app.c" }, set = { ["seal.relro"] = "partial" } }
