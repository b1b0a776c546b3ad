return unikernel "web" {  doc = "x" }
