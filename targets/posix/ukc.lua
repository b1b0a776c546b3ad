-- A Linux process, x86-64.  ABI and hardening: what no component should have to say.
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
}
