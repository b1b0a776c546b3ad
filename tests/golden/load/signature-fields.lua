return signature "stack" { objects = { "stack_flow", "struct x" }, shared = "yes", header = "../stack.h", keys = { net = key.enum { "a", "a", doc = "n" } } }
