-- A Linux process, x86-64.  ABI and hardening: what no component should have to say.

-- musl as its own Makefile puts it together, with Linux's system calls, for release images: static, position independent, and in them only what they use.
-- With the dev profile, and where a component needs it (host_libc, pkgconfig), an image has the host's C library.
local parts = { "crt/rcrt1.c" }
for _, name in ipairs {
  "aio", "complex", "conf", "crypt", "ctype", "dirent", "env", "errno", "exit", "fcntl", "fenv", "fenv/x86_64", "internal", "ipc", "ldso",
  "ldso/x86_64", "legacy", "linux", "locale", "malloc", "malloc/mallocng", "math", "math/x86_64", "misc", "mman", "mq", "multibyte", "network",
  "passwd", "prng", "process", "process/x86_64", "regex", "sched", "search", "select", "setjmp", "setjmp/x86_64", "signal", "signal/x86_64",
  "stat", "stdio", "stdlib", "string", "string/x86_64", "temp", "termios", "thread", "thread/x86_64", "time", "unistd",
} do
  table.insert(parts, "src/" .. name)
end

local include = { "arch/x86_64", "arch/generic", "include" }
local keep    = { "arch/x86_64", "arch/generic", "include", "src", "crt", "ldso", "COPYRIGHT" }

-- What tools/mkalltypes.sed does: each type is defined where a header asks for it.
local function define(kind, name, what)
  return "#if defined(__NEED_" .. kind .. name .. ") && !defined(__DEFINED_" .. kind .. name .. ")\\n" .. what ..
         ";\\n#define __DEFINED_" .. kind .. name .. "\\n#endif\\n"
end

local library = {
  release = true,
  imports = first_of {
    debian_source {
      package  = "musl",
      versions = { "1.2.3-1" },
      sha256   = "7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4",
      archive  = { "pool/main/m/musl/musl_1.2.3.orig.tar.gz", "pool/universe/m/musl/musl_1.2.3.orig.tar.gz" },
      keep = keep, include = include,
    },
    git {
      name       = "musl",
      repository = "https://git.musl-libc.org/git/musl",
      commit     = "7a43f6fea9081bdd53d8a11cef9e9fab0348c53d", -- tag v1.2.3
      keep = keep, include = include,
    },
  },
  parts    = parts,
  architecture = "x86_64",
  without  = { "src/internal/version.c" }, -- a made header nobody needs
  native   = { "src/string", "crt" },      -- what the code generator calls, and what runs before addresses are right
  internal = { "arch/x86_64", "arch/generic", "src/include", "src/internal" },
  flags    = { "-std=c99", "-D_XOPEN_SOURCE=700", "-fno-stack-protector" }, -- its start-up sets the canary
  compile  = { "-nostdlibinc" },
  link     = { "-nostdlib", "-static-pie", "-Wno-unused-command-line-argument" }, -- which are -pie and -pthread
  headers  = {
    ["bits/alltypes.h"] = {
      from    = { "arch/x86_64/bits/alltypes.h.in", "include/alltypes.h.in" },
      replace = {
        "^TYPEDEF (.*) ([^ ]*);$", define("", "\\2", "typedef \\1 \\2"),
        "^STRUCT +([^ ]*) (.*);$", define("struct_", "\\1", "struct \\1 \\2"),
        "^UNION +([^ ]*) (.*);$",  define("union_", "\\1", "union \\1 \\2"),
      },
    },
    ["bits/syscall.h"] = {
      from    = { "arch/x86_64/bits/syscall.h.in" },
      replace = { "^#define __NR_(.*)$", "#define __NR_\\1\\n#define SYS_\\1" },
    },
  },
}

return target "posix" {
  doc   = "a Linux process",
  flags = {
    "--target=x86_64-linux-gnu", "-fPIE",
    "-fstack-protector-strong", "-fstack-clash-protection",   -- canaries; no jump over the guard page
    "-fno-common",
  },
  release_flags = { "-D_FORTIFY_SOURCE=2" },
  dev_flags     = {},
  link = {
    "--target=x86_64-linux-gnu", "-pie",
    "-Wl,-z,relro", "-Wl,-z,now",              -- relocated data is read-only once the program runs
    "-Wl,-z,noexecstack", "-Wl,-z,separate-code",
    "-Wl,--as-needed", "-pthread",
  },
  release_link = {},
  dev_link     = {},
  sources      = { "relro.c" },
  library      = library,
}
