return unikernel "web" "web.c"
