return implementation "disk" {
  provides  = {},
  targets   = { "kvm", "zen", "kvm" },
  header    = "disk.hpp",
  conflicts = { "zstd < ", "bad name!" },
  prefer    = "high",
  when      = { net = {}, ["x y"] = "z" },
}
