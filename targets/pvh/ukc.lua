-- A machine of its own, x86-64: what kvm and xen share.  One entry (PVH), another image.

-- musl, as its own Makefile puts it together, without what needs a kernel to do the work: processes, threads, signals, files, sockets.
-- A call of something that is left out is an undefined symbol, and so is a system call that system.c does not have.
-- Each file costs some 15 ms when the library is compiled, once for a user.
local parts = {}
for _, name in ipairs {
  "ctype", "env", "errno", "exit", "fenv", "fenv/x86_64", "internal", "locale", "malloc", "malloc/mallocng", "math", "math/x86_64",
  "multibyte", "prng", "regex", "search", "setjmp", "setjmp/x86_64", "stdio", "stdlib", "string", "string/x86_64", "time",
} do
  table.insert(parts, "src/" .. name)
end
for directory, names in pairs {
  misc   = { "a64l", "basename", "dirname", "ffs", "ffsl", "ffsll", "getopt", "getopt_long", "getsubopt" },
  mman   = { "madvise", "mmap", "mprotect", "mremap", "munmap", "posix_madvise" },
  signal = {
    "block", "kill", "psignal", "raise", "sigaction", "sigaddset", "sigdelset", "sigemptyset", "sigfillset", "sigismember", "signal",
    "sigprocmask",
  },
  thread = {
    "__lock", "__syscall_cp", "__timedwait", "__wait", "default_attr", "lock_ptc", "pthread_cleanup_push", "pthread_equal", "pthread_getspecific",
    "pthread_key_create", "pthread_mutex_consistent", "pthread_mutex_destroy", "pthread_mutex_init", "pthread_mutex_lock",
    "pthread_mutex_timedlock", "pthread_mutex_trylock", "pthread_mutex_unlock", "pthread_mutexattr_destroy", "pthread_mutexattr_init",
    "pthread_mutexattr_settype", "pthread_once", "pthread_self", "pthread_setcancelstate", "pthread_setspecific", "pthread_sigmask",
    "pthread_testcancel", "thrd_yield", "vmlock",
  },
  unistd = { "_exit", "close", "getpid", "isatty", "lseek", "nice", "read", "readv", "sleep", "usleep", "write", "writev" },
} do
  for _, name in ipairs(names) do
    table.insert(parts, "src/" .. directory .. "/" .. name .. ".c")
  end
end

local include = { "arch/x86_64", "arch/generic", "include" }
local keep    = { "arch/x86_64", "arch/generic", "include", "src", "COPYRIGHT" }
local patches = { "libc/cancellation.patch", "libc/printf.patch" }

-- What tools/mkalltypes.sed does: each type is defined where a header asks for it.
local function define(kind, name, what)
  return "#if defined(__NEED_" .. kind .. name .. ") && !defined(__DEFINED_" .. kind .. name .. ")\\n" .. what ..
         ";\\n#define __DEFINED_" .. kind .. name .. "\\n#endif\\n"
end

local library = {
  imports = first_of {
    debian_source {
      package  = "musl",
      versions = { "1.2.3-1" },
      sha256   = "7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4",
      archive  = { "pool/main/m/musl/musl_1.2.3.orig.tar.gz", "pool/universe/m/musl/musl_1.2.3.orig.tar.gz" },
      keep = keep, include = include, patches = patches,
    },
    git {
      name       = "musl",
      repository = "https://git.musl-libc.org/git/musl",
      commit     = "7a43f6fea9081bdd53d8a11cef9e9fab0348c53d", -- tag v1.2.3
      keep = keep, include = include, patches = patches,
    },
  },
  parts    = parts,
  architecture = "x86_64",
  without  = {
    "src/env/__init_tls.c", "src/env/__libc_start_main.c", -- libc/start.c
    "src/internal/version.c",                              -- a made header nobody needs
    "src/string/memcpy.c", "src/string/x86_64/memcpy.s",   -- libc/memcpy.S
    "src/string/memcmp.c",                                 -- libc/memcmp.S
    "src/misc/syscall.c",                                  -- a number that is not constant
  },
  native   = { "src/string" },
  internal = { "arch/x86_64", "arch/generic", "src/include", "src/internal" },
  sources  = { "libc/start.c", "libc/memcpy.S", "libc/memcmp.S" },
  flags    = { "-std=c99", "-D_XOPEN_SOURCE=700", "-Ilibc/internal", "-Oz" },
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

return target "kvm" {
  doc   = "a machine of its own under QEMU, Firecracker or cloud-hypervisor",
  flags = {
    "--target=x86_64-linux-gnu", "-nostdlibinc", "-fno-pic",
    "-mno-red-zone",                          -- what interrupts a function may use its stack
    "-fstack-protector-strong",
    "-fno-omit-frame-pointer",                -- a crash report shows who called
    "-fno-asynchronous-unwind-tables",        -- nobody unwinds by them here
    "-fno-common",
  },
  release_flags = { "-Oz" },                  -- README.md says what this costs and saves
  link = {
    "--target=x86_64-linux-gnu", "-nostdlib", "-static",
    "-Wl,--nmagic",                           -- sections on pages of their own cost no padding in the file
    "-Wl,--build-id=sha1",                    -- a crash report says which image it is of
    "-Wl,-z,noexecstack", "-Wl,--gc-sections",
  },
  script  = "image.ld",
  sources = { "entry.S", "start.c", "start_info.c", "map.c", "memory.c", "crash.c", "report.c", "system.c", "pause.c", "machine_kvm.c",
              "acpi.c", "acpi_madt.c", "acpi_mcfg.c", "acpi_fadt.c", "acpi_aml.c", "acpi_device.c", "acpi_off.c", "acpi_button.c", "acpi_generation.c" },
  uses    = { "console", "clock", "random", "task", "interrupt" },
  library = library,
}
