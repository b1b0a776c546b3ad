use { git = "ext::sh", commit = "main" }
use { git = "https://example.org/a.git" }
use { path = "x", commit = "0123456789abcdef0123456789abcdef01234567" }
use {}
return unikernel "web" { sources = { "web.c" } }
