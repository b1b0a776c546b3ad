-- A machine of its own, x86-64: what kvm and xen share.  One entry (PVH), another image.

-- musl, as its own Makefile puts it together, without what needs a kernel to do the work: processes, threads, signals, files, sockets.
-- A call of something that is left out is an undefined symbol, and so is a system call that system.c does not have.
-- Each file costs some 15 ms when the library is compiled, once for a user.
local musl = require "musl" -- targets/shared/
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

local keep    = { "arch/x86_64", "arch/generic", "include", "src", "COPYRIGHT" }
local patches = { "libc/cancellation.patch", "libc/crash.patch", "libc/printf.patch" }

local library = {
  imports  = musl.imports(keep, patches),
  parts    = parts,
  architecture = musl.architecture,
  without  = {
    "src/env/__init_tls.c", "src/env/__libc_start_main.c", -- libc/start.c
    "src/internal/version.c",                              -- a made header nobody needs
    "src/string/memcpy.c", "src/string/x86_64/memcpy.s",   -- libc/memcpy.S
    "src/string/memcmp.c",                                 -- libc/memcmp.S
    "src/misc/syscall.c",                                  -- a number that is not constant
  },
  native   = { "src/string" },
  internal = musl.internal,
  sources  = { "libc/start.c", "libc/memcpy.S", "libc/memcmp.S" },
  flags    = { "-std=c99", "-D_XOPEN_SOURCE=700", "-Ilibc/internal", "-Oz", "-fno-sanitize=cfi-icall" },
  headers  = musl.headers,
}

local flags = {
  "--target=x86_64-linux-gnu", "-nostdlibinc", "-fno-pic",
  "-mno-red-zone",                          -- what interrupts a function may use its stack
  "-fno-asynchronous-unwind-tables",        -- nobody unwinds by them here
  "-fno-common",
}

-- Each is a key of the image, seal.NAME; targets/README.md says what they cost.
local seals = {
  stack_protector = {
    doc = "functions with arrays look, before they return, whether the canary behind these is still there", flags = { "-fstack-protector-strong" },
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
    -- the table of jumps may throw, as far as LLVM knows: what debuggers unwind by would be in .eh_frame alone, which image.ld discards
    link  = { "-Wl,-mllvm,-force-dwarf-frame-section" },
    release = true,
  },
  page_tables = {
    doc = "page tables are read-only but to the few functions that map pages, which change nothing of the image and its tables",
    flags = { "-DSEAL_PAGE_TABLES" },
  },
  read_only_after_start = {
    doc = "what is set once while the image starts, such as keys and the processor's tables, is read-only afterwards",
    flags = { "-DSEAL_READ_ONLY_AFTER_START", "-DIMAGE_LOADS_ITSELF" },
  },
  supervisor = {
    doc = "the processor neither executes nor reads pages that claim to be a user's: SMEP, SMAP and UMIP, where it has them",
    flags = { "-DSEAL_SUPERVISOR" },
  },
  layout = {
    doc  = "functions and variables are in an order that this number decides; 0: in that of the sources",
    link = { "-Wl,--shuffle-sections=.text*=", "-Wl,--shuffle-sections=.rodata*=", "-Wl,--shuffle-sections=.data*=", "-Wl,--shuffle-sections=.bss*=" },
    most = 4294967294, -- lld takes the one above for the reverse order
  },
  auto_var_init = {
    doc = "local variables begin as zeros", flags = { "-ftrivial-auto-var-init=zero" },
    release = true, -- for a debugger's tools, what was never set should be seen
  },
  recipe = { doc = "the image says when it starts, and in a note, the hash of the recipe it was made from", note = true },
}

local link = {
  "--target=x86_64-linux-gnu", "-nostdlib", "-static",
  "-Wl,--nmagic",                           -- sections on pages of their own cost no padding in the file
  "-Wl,--build-id=sha1",                    -- a crash report says which image it is of
  "-Wl,-z,noexecstack", "-Wl,--gc-sections",
}

-- From the entry to main, and what the C library stands on; the same for all machines.
local function sources(more)
  local all = { "entry.S", "start.c", "start_info.c", "map.c", "memory.c", "crash.c", "report.c", "system.c", "pause.c" }
  for _, name in ipairs(more) do
    table.insert(all, name)
  end
  return all
end

local function machine(name)
  return function(own)
    return target(name) {
      doc           = own.doc,
      flags         = flags,
      release_flags = { "-Oz" },                -- README.md says what this costs and saves
      link          = link,
      seals         = seals,
      script        = "image.ld",
      sources       = sources(own.sources),
      uses          = { "console", "clock", "random", "task", "interrupt" },
      library       = library,
    }
  end
end

return
machine "kvm" {
  doc     = "a machine of its own under QEMU, Firecracker or cloud-hypervisor",
  sources = { "machine_kvm.c", "acpi.c", "acpi_madt.c", "acpi_mcfg.c", "acpi_fadt.c", "acpi_aml.c", "acpi_device.c", "acpi_off.c",
              "acpi_button.c", "acpi_generation.c" },
},
machine "xen" {
  doc     = "a PVH domain of its own under Xen",
  sources = { "machine_xen.c", "xen_call.c", "xen_event.c", "xen_time.c", "xen_ring.c", "xen_store.c", "xen_grant.c", "xen_bus.c",
              "xen_suspend.c", "xen_balloon.c" },
}
