unikernel("web", sources = {"web.c"})
