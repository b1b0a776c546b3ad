local s = ("x"):rep("many")
