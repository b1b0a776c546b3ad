local t = { a = 1 }
for i = 1, 30 do t = { a = t, b = t } end
return unikernel "web" { sources = { "web.c" }, set = t }
