-- Every field of git, wrong.
local id = "0123456789abcdef0123456789abcdef01234567"
local function at(repository) return git { name = "zlib", repository = repository, commit = id } end
return implementation "zip" {
  provides = sig.program,
  imports = {
    git { name = "a b", repository = "/x", commit = "master" },
    git { name = "x.lock", repository = "/x", commit = id },
    git { package = "zlib", repository = "/x", commit = id },
    git { name = "zlib", repository = "/x", commit = id, keep = { "src" }, sources = { "main.c" }, patches = { "../p" } },
    at "-u",
    at "--upload-pack=x",
    at "htps://example.org/a",
    at "ext::sh -c x",
    at "git@example.org:a",
    at "https://user:secret@example.org/a",
    at "https:///a",
    at "https://-oProxyCommand=x/a",
    at "https://example.org",
    at "file://host",
    at "https://example.org/a b",
    at "",
    git { name = "x", repository = "/x", commit = id },
  },
}
