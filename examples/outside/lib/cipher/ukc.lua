return signature "cipher" {
  version = "1.0", header = "cipher.h",
  doc = "turn a text into one that reads differently, and back",
}
