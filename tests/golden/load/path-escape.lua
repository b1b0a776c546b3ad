return unikernel "web" { sources = { "/etc/passwd.c", "../other/web.c", "a/../../b.c" } }
