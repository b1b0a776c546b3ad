return implementation "disk" { provides = sig.block, targets = {} }
