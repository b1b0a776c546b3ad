return unikernel "web" { sources = { "a\u{202e}b.c", "\u{2066}.c" } }
