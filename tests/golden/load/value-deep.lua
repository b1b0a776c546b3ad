local t = { a = 1 }
for i = 1, 200 do t = { a = t } end
return unikernel "web" { sources = { "web.c" }, set = t }
