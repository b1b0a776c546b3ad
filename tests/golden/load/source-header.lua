return unikernel "web" { sources = { "web.c", "web.h", "notes.txt", "web.c" } }
