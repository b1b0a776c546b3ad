return implementation "x" { provides = sig.y, imports = { debian "node-llhttp" } }
