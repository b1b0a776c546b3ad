return signature "x" {}
