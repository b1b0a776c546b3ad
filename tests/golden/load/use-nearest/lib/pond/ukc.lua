return signature "pond" {}
