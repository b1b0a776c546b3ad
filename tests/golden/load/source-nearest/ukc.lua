return unikernel "web" { sources = { "web.c", "part/answers.c", "nothing-like-it.c" } }
