-- Alternatives of several kinds have one name; only a version of one kind is there twice.
local sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
local id = "0123456789abcdef0123456789abcdef01234567"
local archive = debian_source { package = "lwip", versions = { "2-1" }, sha256 = sum }
return implementation "lwip" {
  provides = sig.program,
  imports = {
    first_of { debian { package = "lwip", versions = { "2-1" }, files = { ["a.c"] = sum } }, archive,
               git { name = "lwip", repository = "https://example.org/lwip.git", commit = id } },
    first_of { archive, git { name = "lwIP", repository = "../lwip", commit = id } },
    first_of { archive, archive },
    first_of { archive, pkgconfig "lwip" },
    first_of { archive, "lwip" },
  },
}
