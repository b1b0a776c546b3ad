return unikernel "web" { doc = "a", sources = { "a" "b" }, set = { a = "a" "b" } }
