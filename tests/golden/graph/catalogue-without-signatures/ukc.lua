-- args: --catalogue own

return unikernel "app" { sources = { "app.c" }, requires = { console = sig.console } }
