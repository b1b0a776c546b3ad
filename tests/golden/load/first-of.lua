local sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
return implementation "llhttp" {
  provides = sig.http_parser,
  imports = {
    first_of {},
    first_of {
      debian { package = "node-llhttp", versions = { "8.1.0-1", "8.1.0-2" }, files = { ["a.c"] = sum } },
      debian { package = "libllhttp", versions = { "9.1" }, files = { ["a.c"] = sum } },
      debian { package = "node-llhttp", versions = { "8.1.0-2" }, files = { ["a.c"] = sum } },
      debian { package = "node-llhttp", versions = { "9.2" } },
      pkgconfig "libllhttp",
      "node-llhttp",
    },
    first_of { name = debian { package = "x-y", versions = { "1" }, files = { ["a.c"] = sum } } },
    debian { package = "x-y", versions = { "1:2.0-1" }, files = { ["a.c"] = sum }, pool = {
      ["pool/main/x/x-y/x-y_2.0-1_all.deb"] = sum,
      ["pool/main/x/x-y/x-y_1%3a2.0-1_all.deb"] = sum,
      ["pool/main/x/x-y/x-y_2.0-2_all.deb"] = sum,
      ["pool/main/x/x-y/x-y_2.0-1.deb"] = sum,
      ["../x-y_2.0-1_all.deb"] = sum,
      ["pool/x-y_2.0-1_all.tar"] = "12",
    } },
    debian { package = "x-y", versions = { "1" }, files = { ["a.c"] = sum }, pool = {} },
    debian { package = "x-y", versions = { "1" }, files = { ["a.c"] = sum }, pool = { ["pool/x-y_2_all.deb"] = sum } },
  },
}
