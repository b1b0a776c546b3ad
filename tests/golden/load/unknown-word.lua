return unikernal "web" { sources = { "web.c" } }
