return target "linux" { flags = { "-x" } }, target "kvm" { flag = {}, sources = { "entry.cc" } }
