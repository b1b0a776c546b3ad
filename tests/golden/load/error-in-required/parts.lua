local parts = {}
function parts.files()
  local list = { "a.c" }
  list[#list + 1] = list.more .. ".c"
  return list
end
return parts
