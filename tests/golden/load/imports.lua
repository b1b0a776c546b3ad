return implementation "llhttp" {
  provides = sig.http_parser,
  imports = {
    debian { package = "Node LLHTTP", versions = {}, files = { ["a.c"] = "12", ["../b.c"] = 3 }, sources = { "a.c", "c.c" } },
    debian { package = "node-llhttp", versions = { "8.1 0" }, files = { ["usr/share/api.c"] =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }, sources = { "usr/share/ap.c" } },
    pkgconfig "lib zstd",
    pkgconfig { "libzstd", version = "latest" },
    "libfoo",
    debian { package = "x-y" },
  },
}
