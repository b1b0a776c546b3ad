-- only: explain sig.tally
-- args: --target posix
return
  signature "tally" { doc = "counts what it is shown" },
  implementation "tally_c" { provides = { sig.tally }, sources = { "tally_c.c" } },
  unikernel "w" { sources = { "w.c" } }
