-- Of another target.
-- only: plan --target kvm --set seal.relro=false
-- status: 1
return unikernel "app" { sources = { "app.c" }, set = { ["seal.stack_clash"] = false } }
