-- TCP/IP in the image.  The protocols are lwIP's, an import; what is here is its port: memory, timers, addresses, and the operations of stack.h.

-- The files of lwIP that are compiled.  What a key leaves out is empty.
local sources = {}
for directory, names in pairs {
  ["src/core"]      = { "def", "inet_chksum", "init", "ip", "netif", "pbuf", "tcp", "tcp_in", "tcp_out", "udp" },
  ["src/core/ipv4"] = { "dhcp", "etharp", "icmp", "ip4", "ip4_addr", "ip4_frag" },
  ["src/core/ipv6"] = { "ethip6", "icmp6", "ip6", "ip6_addr", "ip6_frag", "mld6", "nd6" },
  ["src/netif"]     = { "ethernet" },
} do
  for _, name in ipairs(names) do
    table.insert(sources, directory .. "/" .. name .. ".c")
  end
end

local patches = {
  "patches/table.patch", "patches/time-wait.patch", "patches/options.patch", "patches/fragments.patch", "patches/identification.patch",
  "patches/neighbours.patch", "patches/checksums.patch", "patches/undefined.patch", "patches/short.patch",
  "patches/routers.patch", "patches/headers6.patch", "patches/silent.patch", "patches/loss.patch", "patches/whole.patch",
  "patches/timeout.patch", "patches/path-mtu.patch", "patches/seconds.patch", "patches/offers.patch",
}

return implementation "lwip" {
  version = "0.1", licence = "ISC AND BSD-3-Clause", origin = "ukc; lwIP by the Swedish Institute of Computer Science and others",
  doc      = "TCP and UDP over IPv4 and IPv6 in the image itself, on Ethernet frames",
  provides = sig.stack, untrusted_input = true,
  requires = { netif = sig.netif, task = sig.task, clock = sig.clock, random = sig.random, log = sig.log, pages = sig.pages },
  when     = { net = "native" },
  sources  = {
    "start.c", "addresses.c", "link.c", "announce.c", "burst.c", "timers.c", "memory.c", "arena.c", "table.c", "secret.c", "checksum.c",
    "object.c", "listener.c", "connect.c", "flow.c", "later.c", "udp.c",
  },
  imports = {
    first_of {
      debian_source {
        package  = "lwip", licence = "BSD-3-Clause",
        versions = { "2.2.1+dfsg1-2", "2.2.1+dfsg1-1" },
        sha256   = "83729c274c499d3348e9fbbe043a3113f3fa8953e7efddc7c21c7fcbb1f2b7b1",
        archive  = { "pool/main/l/lwip/lwip_2.2.1+dfsg1.orig.tar.xz", "pool/universe/l/lwip/lwip_2.2.1+dfsg1.orig.tar.xz" },
        keep     = { "src/core", "src/include", "src/netif", "COPYING" },
        sources  = sources,
        include  = { "src/include" },
        patches  = patches,
      },
      git {
        name       = "lwip", licence = "BSD-3-Clause",
        repository = "https://git.savannah.nongnu.org/git/lwip.git",
        commit     = "77dcd25a72509eb83f72b033d219b1d40cd8eb95", -- tag STABLE-2_2_1_RELEASE
        keep       = { "src/core", "src/include", "src/netif", "COPYING" },
        sources    = sources,
        include    = { "src/include" },
        patches    = patches,
      },
    },
  },
  flags = { "-I.", "-Wno-unused-parameter" },
  keys = {
    ipv4     = key.enum { "static", "dhcp", "off", default = "static", group = "addresses",
                          doc = "the image's IPv4 address: the key address, one from a DHCP server, or none" },
    address  = key.ipv4_prefix { default = "10.0.0.2/24", phase = "both", when = { ipv4 = "static" }, group = "addresses", doc = "with ipv4=static: the image's address and its network" },
    router   = key.ipv4 { default = "10.0.0.1", phase = "both", when = { ipv4 = "static" }, group = "addresses",
                          doc = "with ipv4=static: where packets for other networks go; 0.0.0.0: nowhere" },
    ipv6     = key.enum { "static", "slaac", "off", default = "static", group = "addresses",
                          doc = "the image's IPv6 address: the key address6, what routers advertise (SLAAC), or none" },
    address6 = key.ipv6_prefix { default = "fd00::2/64", phase = "both", when = { ipv6 = "static" }, group = "addresses", doc = "with ipv6=static: the image's address; its network has 64 bits" },
    router6  = key.ipv6 { default = "fd00::1", phase = "both", when = { ipv6 = "static" }, group = "addresses",
                          doc = "with ipv6=static: where packets for other networks go; :: for those that advertise themselves" },
    servers  = key.list { of = key.ipv4 {}, default = {}, group = "addresses", doc = "name servers, before those that DHCP names" },
    servers6 = key.list { of = key.ipv6 {}, default = {}, group = "addresses", doc = "name servers with IPv6 addresses, before those that routers advertise" },
    hostname = key.string { default = "", phase = "both", when = { ipv4 = "dhcp" }, group = "addresses", doc = "with ipv4=dhcp: the name told to the server; empty: none" },

    memory      = key.size { default = match "target" { posix = "64MiB", default = "4MiB" }, min = 262144, max = 17179869184, budget = 1, group = "memory",
                             doc = "all memory of the stack: connections, buffers, what waits to be sent or read; it is taken from the system as it is used; a machine that has less gives half of it, or a quarter" },
    connections = key.integer { default = 0, min = 0, max = 4000000, budget = 512, within = "memory", group = "memory",
                                doc = "TCP connections at most, in every state; 0: one for each 4 KiB of memory" },
    half_open   = key.integer { default = 0, min = 0, max = 4000000, group = "memory",
                                doc = "connections at most whose peer has not answered yet, of which the oldest makes place for a new one; 0: as many as there may be in all" },
    backlog     = key.integer { default = 4096, min = 1, max = 1000000, group = "memory",
                                doc = "connections that may wait to be accepted when the program does not say" },
    datagrams   = key.size { default = "256KiB", min = 2048, max = 1073741824, group = "memory", doc = "bytes of datagrams that may wait in one UDP port" },

    window         = key.size { default = "256KiB", min = 18432, max = 16777216, group = "tcp",
                                doc = "bytes that a peer may send before they are read; more than 64 KiB need window scaling" },
    send_buffer    = key.size { default = "256KiB", min = 18432, max = 16777216, group = "tcp", doc = "bytes that a connection may have sent or waiting to be, unacknowledged" },
    window_scaling = key.bool { default = true, group = "tcp", doc = "windows of more than 64 KiB (RFC 7323)" },
    sack           = key.bool { default = true, group = "tcp", doc = "tell the peer what arrived beyond a gap, and listen to what it tells (RFC 2018)" },
    timestamps     = key.bool { default = false, group = "tcp",
                                doc = "timestamps in every segment (RFC 7323): 12 bytes each; lwIP echoes the peer's, and does not measure with its own" },
    time_wait      = key.integer { default = 10, min = 1, max = 240, group = "tcp",
                                   doc = "seconds for which a connection that the image ended first is remembered; the oldest makes place for a new one" },
    keepalive      = key.integer { default = 7200, min = 0, max = 1000000, group = "tcp",
                                   doc = "seconds without a segment after which a peer is asked whether it is still there; 0: never" },
    linger         = key.integer { default = 2000, min = 0, max = 600000, group = "tcp",
                                   doc = "milliseconds, when the image stops, for what was written to closed connections to arrive" },

    ttl        = key.integer { default = 64, min = 1, max = 255, group = "ip", doc = "how many routers a packet may pass" },
    reassembly = key.bool { default = true, group = "ip", doc = "put together packets that came as fragments" },

    log_name = key.string { default = "stack", doc = "what it calls itself in the log; of several stacks, each something else" },
  },
}
