-- `embed` is of use only with a directory
local bare = instance "embed" {}
return unikernel "site" {
  sources  = { "site.c" },
  requires = { pages = sig.kv_ro, more = sig.kv_ro },
  choose   = { pages = "embed", more = bare },
}
