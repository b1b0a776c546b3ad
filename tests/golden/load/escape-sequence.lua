return unikernel "web" {
  doc = "[31m",
}
