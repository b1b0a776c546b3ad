return unikernel "web" { sources = { match "target" {} }, requires = { log = sig.log }, choose = { log = match "target" } }
