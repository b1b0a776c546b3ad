-- Every field of debian_source, wrong.
local sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
return implementation "lwip" {
  provides = sig.program,
  imports = {
    debian_source { package = "LWIP", versions = {}, sha256 = "12" },
    debian_source { package = "lwip" },
    debian_source {
      package = "lwip", versions = { "2.2.1+dfsg1-1" }, sha256 = sum,
      archive = { "../lwip_2.2.1.orig.tar.xz" },
    },
    debian_source {
      package = "lwip", versions = { "2.2.1+dfsg1-1" }, sha256 = sum,
      archive = { "pool/main/l/lwip/lwip 2.2.1+dfsg1.orig.tar.xz" },
    },
    debian_source {
      package = "lwip", versions = { "1:2.2.1+dfsg1-1" }, sha256 = sum,
      archive = { "pool/main/l/lwip/lwip_2.2.1+dfsg1.orig.tar.xz", "pool/main/l/lwip/lwip_2.2.1+dfsg1-1.orig.tar.xz" },
      keep = { "src", "/COPYING" },
      sources = { "src/core/init.c", "contrib/ports/sys.c", "src/core/init.h", "../x.c" },
      include = { "src/include", "contrib", "." },
      patches = { "../fix.patch", "keep" },
      files = {},
    },
  },
}
