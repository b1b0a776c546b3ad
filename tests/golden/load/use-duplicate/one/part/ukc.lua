return signature "part" {}, implementation "part1" { version = "1", provides = sig.part }
