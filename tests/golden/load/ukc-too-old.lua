return unikernel "web" {
  ukc     = ">= 2.0",
  sources = 3,
}
