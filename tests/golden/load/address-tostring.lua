error("value " .. tostring({}) .. " " .. tostring(nil) .. string.format(" %s %5s", {}, error))
