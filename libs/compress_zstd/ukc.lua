-- Compression by zstd.  Upstream's library is an import; what is here is the operations of compress.h.

local sources = {}
for directory, names in pairs {
  ["lib/common"]     = { "debug", "entropy_common", "error_private", "fse_decompress", "xxhash", "zstd_common" },
  ["lib/compress"]   = {
    "fse_compress", "hist", "huf_compress", "zstd_compress", "zstd_compress_literals", "zstd_compress_sequences", "zstd_compress_superblock",
    "zstd_double_fast", "zstd_fast", "zstd_lazy", "zstd_ldm", "zstd_opt",
  },
  ["lib/decompress"] = { "huf_decompress", "zstd_ddict", "zstd_decompress", "zstd_decompress_block" },
} do
  for _, name in ipairs(names) do
    table.insert(sources, directory .. "/" .. name .. ".c")
  end
end

local keep = { "lib/common", "lib/compress", "lib/decompress", "lib/zstd.h", "lib/zstd_errors.h", "LICENSE" }

return implementation "compress_zstd" {
  version = "1.1", licence = "ISC AND BSD-3-Clause", origin = "ukc; zstd by Meta Platforms",
  doc      = "compression by zstd, in the image itself",
  provides = sig.compress,
  sources  = { "compress_zstd.c" },
  keys     = { level = key.integer { default = 3, min = 1, max = 19, doc = "1 is fast, 19 makes it small" } },
  imports  = {
    first_of {
      debian_source {
        package  = "libzstd", licence = "BSD-3-Clause",
        versions = { "1.5.4+dfsg2-5" },
        sha256   = "8cf4bbb65e77ec348d052c8d6230eba66d435bddf64c8b5be2fcb16880c19953",
        archive  = { "pool/main/libz/libzstd/libzstd_1.5.4+dfsg2.orig.tar.xz" },
        keep = keep, sources = sources, include = { "lib" },
      },
      git {
        name       = "libzstd", licence = "BSD-3-Clause",
        repository = "https://github.com/facebook/zstd.git",
        commit     = "945f27758c0fd67b636103a38dbf050266c6b90a", -- tag v1.5.4
        keep = keep, sources = sources, include = { "lib" },
      },
    },
  },
  flags = { "-DZSTD_DISABLE_ASM", "-DZSTD_LEGACY_SUPPORT=0", "-DZSTD_TRACE=0" },
}
