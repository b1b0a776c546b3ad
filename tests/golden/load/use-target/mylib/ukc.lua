return target "kvm" { link = { "-T", "x.ld" } }
