-- only: explain sig.tally
-- args: --target posix
-- The key and the requirement of that name are not meant.
return
  signature "tally" { doc = "counts what it is shown" },
  implementation "tally_c" { provides = { sig.tally }, sources = { "tally_c.c" } },
  unikernel "w" { sources = { "w.c" }, requires = { t = sig.tally }, keys = { tally = key.integer { default = 1, doc = "another" } } }
