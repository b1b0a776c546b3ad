-- What targets say alike of musl: where it comes from, and how its own Makefile would compile it.
local include = { "arch/x86_64", "arch/generic", "include" }

-- What tools/mkalltypes.sed does: each type is defined where a header asks for it.
local function define(kind, name, what)
  return "#if defined(__NEED_" .. kind .. name .. ") && !defined(__DEFINED_" .. kind .. name .. ")\\n" .. what ..
         ";\\n#define __DEFINED_" .. kind .. name .. "\\n#endif\\n"
end

-- `keep`: the parts of its tree that the target compiles from; `patches`: files beside the target's manifest, or nothing.
local function imports(keep, patches)
  return first_of {
    debian_source {
      package  = "musl", licence = "MIT",
      versions = { "1.2.3-1" },
      sha256   = "7d5b0b6062521e4627e099e4c9dc8248d32a30285e959b7eecaa780cf8cfd4a4",
      archive  = { "pool/main/m/musl/musl_1.2.3.orig.tar.gz", "pool/universe/m/musl/musl_1.2.3.orig.tar.gz" },
      keep = keep, include = include, patches = patches,
    },
    git {
      name       = "musl", licence = "MIT",
      repository = "https://git.musl-libc.org/git/musl",
      commit     = "7a43f6fea9081bdd53d8a11cef9e9fab0348c53d", -- tag v1.2.3
      keep = keep, include = include, patches = patches,
    },
  }
end

return {
  imports      = imports,
  architecture = "x86_64",
  internal     = { "arch/x86_64", "arch/generic", "src/include", "src/internal" },
  headers      = {
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
