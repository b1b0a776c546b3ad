return signature "greeting" {}, signature "greetings" {},
  implementation "hello" { provides = sig.greetings, sources = { "x.c" } },
  unikernel "x" { sources = { "x.c" }, requires = { g = sig.greeting } }
