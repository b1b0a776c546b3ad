return signature "mine" { obejcts = {} },
  implementation "mine1" { provides = sig.mine
