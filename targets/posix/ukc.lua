-- A Linux process, x86-64.  ABI and hardening: what no component should have to say.

-- musl as its own Makefile puts it together, with Linux's system calls, for release images: static, position independent, and in them only what they use.
-- With the dev profile, and where a component needs it (host_libc, pkgconfig), an image has the host's C library.
local musl = require "musl" -- targets/shared/
local parts = { "crt/rcrt1.c" }
for _, name in ipairs {
  "aio", "complex", "conf", "crypt", "ctype", "dirent", "env", "errno", "exit", "fcntl", "fenv", "fenv/x86_64", "internal", "ipc", "ldso",
  "ldso/x86_64", "legacy", "linux", "locale", "malloc", "malloc/mallocng", "math", "math/x86_64", "misc", "mman", "mq", "multibyte", "network",
  "passwd", "prng", "process", "process/x86_64", "regex", "sched", "search", "select", "setjmp", "setjmp/x86_64", "signal", "signal/x86_64",
  "stat", "stdio", "stdlib", "string", "string/x86_64", "temp", "termios", "thread", "thread/x86_64", "time", "unistd",
} do
  table.insert(parts, "src/" .. name)
end

local keep    = { "arch/x86_64", "arch/generic", "include", "src", "crt", "ldso", "COPYRIGHT" }

local library = {
  release = true,
  imports  = musl.imports(keep, { "libc/cancellation.patch", "libc/files.patch" }),
  parts    = parts,
  architecture = musl.architecture,
  without  = { "src/internal/version.c" }, -- a made header nobody needs
  native   = { "src/string", "crt" },      -- what the code generator calls, and what runs before addresses are right
  internal = musl.internal,
  flags    = { "-std=c99", "-D_XOPEN_SOURCE=700", "-fno-stack-protector", "-fno-sanitize=cfi-icall", "-Iinclude/ukc" }, -- its start-up sets the canary
  compile  = { "-nostdlibinc", "-DIMAGE_LOADS_ITSELF" },
  link     = { "-nostdlib", "-static-pie", "-Wno-unused-command-line-argument" }, -- which are -pie and -pthread
  headers  = musl.headers,
}

return target "posix" {
  doc   = "a Linux process",
  flags = {
    "--target=x86_64-linux-gnu", "-fPIE",
    "-fno-common",
  },
  release_flags = { "-D_FORTIFY_SOURCE=2" },
  dev_flags     = {},
  link = {
    "--target=x86_64-linux-gnu", "-pie",
    "-Wl,-z,noexecstack", "-Wl,-z,separate-code",
    "-Wl,--as-needed", "-pthread",
  },
  release_link = {},
  seals = {                                    -- each is a key of the image, seal.NAME; targets/README.md says what they cost
    stack_protector = {
      doc = "functions with arrays look, before they return, whether the canary behind these is still there", flags = { "-fstack-protector-strong" },
    },
    stack_clash = { doc = "no function's frame jumps over the guard page below a stack", flags = { "-fstack-clash-protection" } },
    relro       = {
      doc = "what is relocated is read-only once the program runs", link = { "-Wl,-z,relro", "-Wl,-z,now" },
      off_link = { "-Wl,-z,norelro" },
    },
    read_only_after_start = {
      doc   = "what is set once while the image starts, such as keys, is read-only afterwards; not where the C library is the host's",
      flags = { "-DSEAL_READ_ONLY_AFTER_START" },
    },
    seccomp = {
      doc = "a system call that is nowhere in the image ends it, and nothing becomes executable; not where the C library is the host's",
      flags = { "-DSEAL_SECCOMP" }, release = true,
    },
    landlock = {
      doc = "files are opened at or beneath the image's keys of kind path, and where its functions say so, nowhere else; not where the C library is the host's",
      flags = { "-DSEAL_LANDLOCK" }, release = true,
    },
    traps = {
      doc   = "in components that read what others send (untrusted_input), a number that overflows, or an index beyond its array, ends the image",
      flags = { "-fsanitize=array-bounds,signed-integer-overflow,shift,integer-divide-by-zero",
                "-fsanitize-trap=array-bounds,signed-integer-overflow,shift,integer-divide-by-zero" },
      release = true, untrusted_input = true, -- in others sanitizers say more
    },
    cfi = {
      doc   = "a call through a pointer ends the image where the function is not of the pointer's type",
      -- one type for all pointers: the objects of a signature have one name for who gives a callback, and another for who calls it
      flags = { "-fsanitize=cfi-icall", "-fsanitize-cfi-icall-generalize-pointers", "-fno-sanitize-cfi-canonical-jump-tables",
                "-fno-sanitize-ignorelist", "-fsplit-lto-unit" }, -- a function keeps its name, pointers to it have another
      release = true,
    },
    layout = {
      doc  = "functions and variables are in an order that this number decides; 0: in that of the sources",
      link = { "-Wl,--shuffle-sections=.text*=", "-Wl,--shuffle-sections=.rodata*=", "-Wl,--shuffle-sections=.data*=", "-Wl,--shuffle-sections=.bss*=" },
      most = 4294967294, -- lld takes the one above for the reverse order
    },
    auto_var_init = {
      doc = "local variables begin as zeros", flags = { "-ftrivial-auto-var-init=zero" },
      release = true, -- for valgrind and a debugger, what was never set should be seen
    },
    recipe = { doc = "the image says when it starts, and in a note, the hash of the recipe it was made from", note = true },
  },
  dev_link     = {},
  sources      = { "relro.c", "seccomp.c", "landlock.c" },
  library      = library,
}
