-- The image whose stack is fuzzed, and its outside: build.py makes a shared object of it.
return
  unikernel "fuzz-frames" {
    ukc      = ">= 0.1",
    doc      = "a stack and a program that uses it, in a world made of a fuzzer's input",
    sources  = { "program.c" },
    requires = { stack = sig.stack, task = sig.task, clock = sig.clock, actions = sig.fuzz_actions },
    choose   = { clock = "fuzz_host" },
  },
  signature "fuzz_actions" {
    version = "1.0", doc = "what the input says that the program does", shared = true, exclusive = true,
  },
  signature "fuzz_cable" {
    version = "1.0", doc = "waiting for frames of the input", shared = true, exclusive = true,
  },
  implementation "netif_fuzz" {
    version = "0.1", licence = "ISC", origin = "ukc",
    doc       = "a network interface whose frames are an input's",
    provides  = sig.netif,
    requires  = { cable = sig.fuzz_cable, task = sig.task },
    when      = { link = "switch" },
    conflicts = { "switch_port" },
    prefer    = 100,
    targets   = { "posix" },
    sources   = { "netif_fuzz.c" },
  },
  implementation "fuzz_host" {
    version = "0.1", licence = "ISC", origin = "ukc",
    doc       = "time, chance and the console of an image in a fuzzer, and its waiting",
    provides  = { sig.fuzz_actions, sig.fuzz_cable, sig.idle, sig.clock, sig.random, sig.console },
    conflicts = { "switch_host", "epoll_loop", "clock_posix", "random_posix", "console_posix" },
    prefer    = 100,
    targets   = { "posix" },
    sources   = { "fuzz_host.c" },
  }
