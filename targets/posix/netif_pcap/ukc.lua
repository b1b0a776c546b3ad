return implementation "netif_pcap" {
  version = "0.1", licence = "ISC", origin = "ukc",
  doc = "a network interface that replays a capture file and records another; without files, a cable that goes nowhere",
  provides = sig.netif,
  requires = { task = sig.task, clock = sig.clock, log = sig.log },
  when     = { link = "pcap" },
  targets  = { "posix" },
  sources  = { "netif_pcap.c", "replay.c", "recording.c", "capture.c" },
  flags    = { "-D_GNU_SOURCE" },
  keys     = {
    replay = key.string  { default = "", phase = "both", doc = "the capture file whose frames are received; empty: none are" },
    record = key.string  { default = "", phase = "both", doc = "the capture file to write, with every frame received and sent; empty: none" },
    pace   = key.enum    { "as_captured", "at_once", "lock_step", default = "as_captured", phase = "both",
                           doc = "when a frame is received: after as much time as when it was captured, as soon as somebody asks, "
                              .. "or when every task waits" },
    after  = key.enum    { "idle", "stop", default = "idle", phase = "both", doc = "after the last frame: receive nothing more, or stop the image" },
    times  = key.enum    { "clock", "number", default = "clock", phase = "both",
                           doc = "of a frame in the recording: the clock's, or its number in microseconds, for recordings that can be compared" },
    mac    = key.mac     { default = "02:00:00:00:00:02", phase = "both", doc = "the interface's own address" },
    mtu    = key.integer { default = 1500, min = 576, max = 9216, doc = "bytes of payload in a frame" },
  },
}
