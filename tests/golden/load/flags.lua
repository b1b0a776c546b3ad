return unikernel "web" {
  sources = { "web.c" },
  flags = { "-DOK=1", "-O3", "-D", "-I/usr/include", "-I../up", "-Wl,-z,now", "-fplugin=evil.so", "-fprofile-generate=/tmp", "-Wno-unused", "x" },
}
