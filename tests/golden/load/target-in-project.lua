return target "posix" { flags = { "-fplugin=x.so" } }, unikernel "app" { sources = { "app.c" } }
