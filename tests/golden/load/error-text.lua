local function positive(n)
  if n <= 0 then error("idle must be positive, it is " .. n, 2) end
  return n
end
return unikernel "web" {
  sources = { "web.c" },
  set = { idle = positive(-3) },
}
