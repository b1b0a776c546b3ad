-- status: 1
return unikernel "b" { sources = { "b.c" }, keys = { k = key.#bool { doc = "k" } } }
