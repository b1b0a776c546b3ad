return unikernel "web" { sources = { homepage.c } }
