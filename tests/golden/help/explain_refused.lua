-- only: explain tally_slow
-- args: --target posix
-- One that was not taken has a headline as well.
return
  signature "tally" { doc = "counts what it is shown" },
  implementation "tally_c" { provides = { sig.tally }, sources = { "tally_c.c" } },
  implementation "tally_slow" { version = "2.0", doc = "counts by hand", provides = { sig.tally }, sources = { "tally_slow.c" } },
  unikernel "w" { sources = { "w.c" }, requires = { t = sig.tally } }
