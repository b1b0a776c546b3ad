return unikernel "x" { sources = {}, keys = {
  p = key.port { default = "8080", doc = "a number in quotes" },
  b = key.bool { default = "true", doc = "a truth value in quotes" },
  i = key.integer { default = "eight", doc = "neither" },
} }
