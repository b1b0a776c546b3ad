return unikernel "web" {
  doc = string.rep("x", 1 << 30),
}
