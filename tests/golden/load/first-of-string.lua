return implementation "x" { provides = sig.y, imports = first_of "node-llhttp" }
