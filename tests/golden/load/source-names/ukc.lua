return unikernel "x" { sources = { "main.c", "-x.c", "./@x.c", "sub/-x.c", "it's.c", "a b, (c) #1 $in.c" } }
