return unikernel "a-name-that-is-so-long-that-no-diagnostic-should-ever-print-it-as-a-whole-because-nobody-would-read-it" { sources = { "x.c" } }
