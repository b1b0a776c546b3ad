return unikernel "web" { sources = { "we\qb.c" } }
