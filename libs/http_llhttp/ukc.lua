-- llhttp, the parser of Node.js, imported from Debian's or Ubuntu's package of it.
return implementation "http_llhttp" {
  version = "1.0", licence = "ISC AND MIT", origin = "ukc; llhttp by Fedor Indutny and others",
  doc      = "HTTP/1.1 taken apart by llhttp",
  provides = sig.http_syntax, untrusted_input = true,
  when     = { parser = "llhttp" },
  sources  = { "http_llhttp.c" },
  flags    = { "-DLLHTTP_STRICT_MODE=1" },  -- llhttp 8: reject what two parsers could read in two ways; 9 always does
  imports = {
    first_of {
      debian {  -- Debian 12; Debian 13's package has no C, but its archive still holds this one
        package  = "node-llhttp", licence = "MIT",
        versions = {
          "8.1.0~5.15.0+dfsg1+~cs20.10.9.3-1+deb12u4",
          "8.1.0~5.15.0+dfsg1+~cs20.10.9.3-1+deb12u3",
        },
        files = {
          ["usr/share/include/llhttp/llhttp.h"] = "d10cbae21267c5d08e0dac01c8584c799b50be7dddd0a0f3193d110922981c38",
          ["usr/share/llhttp/api.c"]            = "6e5a4528cd67bb79c3b1c1e08bb8b4d9beeac4775877098d28be0a8f0d000897",
          ["usr/share/llhttp/http.c"]           = "c55eda50972fb150c093d54ba4a92921906f1f51ee60a6b1e0d13f5b9877f539",
          ["usr/share/llhttp/llhttp.c"]         = "af384dc4a9e83b4b2ef8a658117a42afa1ee1585344563818ac730604e150f5f",
        },
        sources = { "usr/share/llhttp/api.c", "usr/share/llhttp/http.c", "usr/share/llhttp/llhttp.c" },
        include = { "usr/share/include/llhttp" },
        pool    = {
          ["pool/main/n/node-undici/node-llhttp_8.1.0~5.15.0+dfsg1+~cs20.10.9.3-1+deb12u4_all.deb"] =
            "fa9fe58b10e813e67f31713b48ac2b489a1ed3bf808f0bc89d137a18c6d0b67c",
        },
      },
      debian {  -- Ubuntu 24.04
        package  = "node-llhttp", licence = "MIT",
        versions = { "9.1.3~5.26.3+dfsg1+~cs23.10.12-2" },
        files = {
          ["usr/share/include/llhttp/llhttp.h"] = "68550a53a138536f09441431b191577b7b245d795b57b2956364227e743f3f6c",
          ["usr/share/llhttp/api.c"]            = "57553b6d395209ac85e0db71bd985ee5c13f7b5b151330cc88406d89561697d0",
          ["usr/share/llhttp/http.c"]           = "a1f2b23168f8e9b5bfa464c89027d3ca259fc649ae3d7e72bfff997d1aeb5d72",
          ["usr/share/llhttp/llhttp.c"]         = "2a3dc8d09840eabc3d9c41f121010f5f07af73a35227a1a15704c9242d5376dc",
        },
        sources = { "usr/share/llhttp/api.c", "usr/share/llhttp/http.c", "usr/share/llhttp/llhttp.c" },
        include = { "usr/share/include/llhttp" },
      },
    },
  },
}
