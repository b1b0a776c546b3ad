return unikernel "web" { sources = { "we\nb.c" }, licence = "\27[31m", origin = "a\0b", version = "\xff" }
