-- only: help tally
-- Of a signature of the project's own: what is for the preprocessor is left out.
return
  signature "tally" { doc = "counts what it is shown", keys = { most = key.integer { default = 9, doc = "where it begins again" } } },
  unikernel "w" { sources = { "w.c" }, requires = { tally = sig.tally } }
