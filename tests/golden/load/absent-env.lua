local _ENV = {}
return 1
