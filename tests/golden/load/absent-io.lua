local f = io.open("/etc/passwd")
return unikernel "web" { sources = { f:read("a") } }
