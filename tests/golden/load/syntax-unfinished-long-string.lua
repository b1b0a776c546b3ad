return unikernel "web" {
  doc = [[ a page
}
