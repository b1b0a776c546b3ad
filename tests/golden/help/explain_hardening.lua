-- only: explain --hardening ukc.lua
-- status: 6
return unikernel "app" { sources = { "app.c" } }
