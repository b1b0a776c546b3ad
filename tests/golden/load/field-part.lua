-- A field's name that is part of the right one; one that means something elsewhere.
return unikernel "sum" {
  sources  = { "sum.c" },
  requires = { console = sig.console },
  imports  = {
    git { name = "adder", repository = "../up", commit = "0123456789012345678901234567890123456789", patch = { "fix.patch" } },
    git { name = "other", repository = "ssh://host/up", commit = "0123456789012345678901234567890123456789", provides = sig.console },
  },
}
