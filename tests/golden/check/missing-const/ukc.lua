-- args: --target posix
return
  signature "shelf" { version = "1.0", doc = "numbered places for parcels", objects = { "shelf_parcel" } },
  implementation "rack" {
    version = "1.0", licence = "ISC", origin = "here", doc = "a shelf in memory",
    provides = sig.shelf,
    sources = { "rack.c" },
  },
  unikernel "parcels" {
    doc = "stores parcels",
    sources = { "parcels.c" },
    requires = { store = sig.shelf },
  }
