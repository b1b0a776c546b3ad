return unikernel "web" {
  doc = "café",
}
