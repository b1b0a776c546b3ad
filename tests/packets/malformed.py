"""Frames that are wrong, made with scapy: what could be sent to an image without being asked. Every case is a generator of frames.

The generators are listed in CASES, and are the same each time.
"""

import itertools
import random

from scapy.config import conf
from scapy.compat import raw
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_RR, IPOption_SSRR, IPOption_Timestamp
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6MLQuery, ICMPv6MLReport, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA,
                                ICMPv6ND_Redirect, ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS,
                                ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, Jumbo, PadN, RouterAlert)
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1Q, Dot3, Ether
from scapy.packet import Raw, fuzz

from wire import IPV4, IPV6, MAC, MINE4, MINE6, mended, seeded

conf.verb = 0
ECHO, CLOSED = 7007, 7


class Maker:
    """Packets for one image, in frames."""

    def __init__(self, mac):
        self.mac = mac

    def ether(self, packet, to=None, source=MAC):
        return raw(Ether(src=source, dst=to or self.mac) / packet)

    def both(self, payload, **fields):
        """The payload in a packet of each version."""
        yield self.ether(IP(src=MINE4, dst=IPV4, **fields) / payload)
        yield self.ether(IPv6(src=MINE6, dst=IPV6) / payload)

    def samples(self):
        """Good packets of every kind: what the others are changed from."""
        options = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]
        for payload in (TCP(sport=1111, dport=ECHO, flags="S", options=options), TCP(sport=1112, dport=ECHO, flags="PA") / b"data of a segment",
                        UDP(sport=2222, dport=ECHO) / b"a datagram", UDP(sport=2222, dport=CLOSED) / b"for nobody"):
            yield from self.both(payload)
        yield self.ether(IP(src=MINE4, dst=IPV4) / ICMP() / b"an echo request")
        yield self.ether(IP(src=MINE4, dst=IPV4, options=[IPOption_RR(), IPOption_LSRR(routers=["10.0.0.9"])]) / UDP(sport=5, dport=ECHO) / b"x")
        yield self.ether(IP(src=MINE4, dst=IPV4, flags="MF", id=77) / UDP(sport=2222, dport=ECHO) / bytes(24))
        inner = IP(src=IPV4, dst="10.0.0.1") / TCP(sport=ECHO, dport=40000)
        for kind, code in ((3, 1), (3, 3), (3, 4), (4, 0), (5, 1), (11, 0), (12, 0), (13, 0), (17, 0)):
            yield self.ether(IP(src=MINE4, dst=IPV4) / ICMP(type=kind, code=code) / inner)
        yield self.ether(ARP(op=1, hwsrc=MAC, psrc=MINE4, pdst=IPV4))
        yield self.ether(ARP(op=2, hwsrc=MAC, psrc=MINE4, pdst=IPV4))
        yield from self.messages6()
        six = IPv6(src=MINE6, dst=IPV6)
        udp = UDP(sport=2222, dport=ECHO) / b"beyond other headers"
        for more in (IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN(optdata=b"1")]), IPv6ExtHdrDestOpt(options=[PadN(optdata=b"1")]), IPv6ExtHdrFragment(id=5),
                     IPv6ExtHdrFragment(id=6, m=1), IPv6ExtHdrRouting(addresses=["fd00::9"]), IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=70000)])):
            yield self.ether(six / more / udp)

    def messages6(self):
        """ICMPv6 as neighbours and routers send it."""
        near = IPv6(src="fe80::66", dst=IPV6, hlim=255)
        inner = IPv6(src=IPV6, dst="fd00::1") / TCP(sport=ECHO, dport=40000)
        source = ICMPv6NDOptSrcLLAddr(lladdr=MAC)
        for message in (ICMPv6EchoRequest(data=b"an echo request"), ICMPv6ND_NS(tgt=IPV6) / source, ICMPv6ND_NA(tgt=MINE6, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=MAC),
                        ICMPv6ND_RA(routerlifetime=0) / source / ICMPv6NDOptMTU(mtu=1400) / ICMPv6NDOptPrefixInfo(prefix="fd77::") / ICMPv6NDOptRDNSS(dns=["fd00::53"]),
                        ICMPv6ND_Redirect(tgt=MINE6, dst="fd00::77"), ICMPv6MLQuery(), ICMPv6MLReport(mladdr="ff02::1:ff00:2"), ICMPv6DestUnreach(code=4) / inner,
                        ICMPv6PacketTooBig(mtu=1280) / inner, ICMPv6TimeExceeded() / inner, ICMPv6ParamProblem(code=1, ptr=6) / inner):
            yield self.ether(near / message)

    # ---- cases ----

    def truncated(self):
        """At every length, once with the lengths and checksums of the whole, once with those of what is left."""
        for frame in self.samples():
            for size in range(14, len(frame)):
                yield frame[:size]
                yield mended(frame[:size])

    def changed(self):
        """Every byte of a header has every other bit changed, and a few values; lengths and checksums fit."""
        chance = seeded("changed")
        for frame in self.samples():
            for at in range(14, min(len(frame), 110)):
                for value in {0, 255, frame[at] ^ 1 << chance.randrange(8), chance.randrange(256)} - {frame[at]}:
                    yield mended(frame[:at] + bytes([value]) + frame[at + 1:])
                yield frame[:at] + bytes([frame[at] ^ 255]) + frame[at + 1:]

    def fuzzed(self):
        """What scapy's fuzz() makes of fields that are not fixed."""
        chance = seeded("fuzzed")
        random.seed("fuzzed")  # scapy's own choices
        for layer in (TCP(dport=ECHO), UDP(dport=ECHO), ICMP()):
            for _ in range(150):
                yield mended(self.ether(IP(src=MINE4, dst=IPV4) / fuzz(layer) / bytes(chance.randrange(40))))
        for layer in (TCP(dport=ECHO), UDP(dport=ECHO), ICMPv6EchoRequest(), ICMPv6ND_NS(), ICMPv6ND_NA(), ICMPv6ND_RA() / fuzz(ICMPv6NDOptPrefixInfo()), ICMPv6MLQuery()):
            for _ in range(80):
                yield mended(self.ether(IPv6(src="fe80::66", dst=IPV6, hlim=255) / fuzz(layer) / bytes(chance.randrange(40))))

    def flags(self):
        """Every combination of TCP's flags (Christmas tree, null, FIN without SYN), at an open port and at a closed one, with data and without."""
        for flags, port, data in itertools.product(range(256), (ECHO, CLOSED), (b"", b"data")):
            yield from self.both(TCP(sport=3000 + flags, dport=port, flags=flags, seq=flags * 7919, ack=12345, urgptr=flags) / data)

    def tcp_options(self):
        """Every kind with lengths that do not fit, and values that nobody should send."""
        for kind, length in itertools.product((*range(0, 12), 19, 27, 28, 29, 34, 76, 253, 254, 255), (0, 1, 2, 3, 4, 10, 38, 40, 255)):
            body = bytes([kind, length]) + bytes(38)
            for size in (1, 2, 3, 4, 40):
                tcp = TCP(sport=4000 + kind, dport=ECHO, flags="S", dataofs=5 + (size + 3) // 4)
                frame = self.ether(IP(src=MINE4, dst=IPV4) / tcp / (body[:size] + b"\0" * (-size % 4)))
                yield mended(frame)
        odd = ([("MSS", 0)], [("MSS", 1)], [("MSS", 65535)], [("WScale", 15)], [("WScale", 255)], [("MSS", 1460)] * 10, [("SAckOK", b"")] * 20,
               [("SAck", (5, 1))], [("SAck", (0, 0xFFFFFFFF))], [("SAck", (1, 2, 3, 4, 5, 6, 7, 8))], [("Timestamp", (0xFFFFFFFF, 0))])
        for options, flags in itertools.product(odd, ("S", "A", "PA", "SA")):
            yield from self.both(TCP(sport=4500, dport=ECHO, flags=flags, options=options))
        for offset in range(16):
            yield from self.both(TCP(sport=4600, dport=ECHO, flags="S", dataofs=offset) / bytes(8))

    def ip_options(self):
        for kind, length in itertools.product((0, 1, 7, 68, 131, 137, 148, 130, 136, 134, 255), (0, 1, 2, 3, 4, 8, 39, 40, 255)):
            frame = self.ether(IP(src=MINE4, dst=IPV4, ihl=15) / (bytes([kind, length]) + bytes(38)))
            yield mended(frame + raw(UDP(sport=5, dport=ECHO) / b"x"))
        for options in ([IPOption_SSRR(routers=["10.0.0.9"] * 8)], [IPOption_LSRR(routers=[IPV4] * 8, pointer=0)], [IPOption_Timestamp(flg=3)],
                        [IPOption_RR(routers=["0.0.0.0"] * 9, pointer=255)]):
            yield self.ether(IP(src=MINE4, dst=IPV4, options=options) / UDP(sport=5, dport=ECHO) / b"x")
        for size in range(16):
            yield mended(self.ether(IP(src=MINE4, dst=IPV4, ihl=size) / UDP(sport=5, dport=ECHO) / bytes(40)))
        for version in range(16):
            yield self.ether(IP(src=MINE4, dst=IPV4, version=version) / UDP(sport=5, dport=ECHO))
            yield self.ether(IPv6(src=MINE6, dst=IPV6, version=version) / UDP(sport=5, dport=ECHO))

    def addresses(self):
        """LAND and its relatives: from the image itself, from loopback, from everybody; to everybody."""
        sources = (IPV4, "127.0.0.1", "0.0.0.0", "255.255.255.255", "10.0.0.255", "10.0.0.0", "224.0.0.1", "240.0.0.1"), (IPV6, "::1", "::", "ff02::1", "fe80::1", "::ffff:10.0.0.2")
        targets = (IPV4, "255.255.255.255", "10.0.0.255", "224.0.0.1", "127.0.0.1"), (IPV6, "ff02::1", "ff02::2", "ff02::1:ff00:2", "::1", "::")
        payloads = (TCP(sport=ECHO, dport=ECHO, flags="S"), TCP(sport=ECHO, dport=ECHO, flags="SA"), UDP(sport=ECHO, dport=ECHO) / b"again", UDP(sport=5000, dport=CLOSED) / b"?")
        for version, more in ((IP, ICMP()), (IPv6, ICMPv6EchoRequest(data=b"?"))):
            for source, target in itertools.product(sources[version is IPv6], targets[version is IPv6]):
                for payload, mac in itertools.product((*payloads, more), (self.mac, "ff:ff:ff:ff:ff:ff")):
                    yield self.ether(version(src=source, dst=target) / payload, to=mac)
                yield self.ether(version(src=source, dst=target) / payloads[0], source=self.mac)

    def fragments4(self):
        """Overlaps (teardrop and others), holes, sizes that are no multiple of eight, more than 65535 bytes."""
        whole = raw(UDP(sport=2222, dport=ECHO, len=8 + 56, chksum=0) / bytes(range(56)))
        number = itertools.count(1000)
        plans = [((0, 24), (16, 64)), ((0, 40), (8, 16), (40, 64)), ((8, 64), (0, 16)), ((0, 24), (0, 24), (24, 64)), ((24, 64), (24, 64), (0, 24)),
                 ((0, 64), (8, 16)), ((0, 8), (8, 16), (16, 64)), ((56, 64), (0, 56)), ((16, 24), (0, 8)), ((0, 8), (0, 64)), ((8, 16), (16, 24), (8, 24), (24, 64))]
        for plan in plans:
            for order in itertools.islice(itertools.permutations(plan), 6):
                n = next(number)
                for start, end in order:
                    yield self.ether(IP(src=MINE4, dst=IPV4, proto=17, id=n, frag=start // 8, flags="MF" if end < 64 else 0) / whole[start:end])
        for offset, size, more in itertools.product((0, 1, 8, 4096, 8189, 8190, 8191), (0, 1, 7, 8, 9, 1000, 1480), ("", "MF")):
            yield self.ether(IP(src=MINE4, dst=IPV4, proto=17, id=3000 + offset, frag=offset, flags=more) / bytes(size))
        for protocol in range(256):
            yield self.ether(IP(src=MINE4, dst=IPV4, proto=protocol, id=5000, frag=protocol, flags="MF") / bytes(8))
            yield self.ether(IP(src=MINE4, dst=IPV4, proto=protocol) / bytes(60))

    def fragments6(self):
        """RFC 5722: what overlaps is dropped altogether. RFC 7112: the first fragment has all headers. RFC 6946: a fragment may be the only one."""
        whole = raw(IPv6(src=MINE6, dst=IPV6) / UDP(sport=2222, dport=ECHO) / bytes(range(56)))[40:]
        base = IPv6(src=MINE6, dst=IPV6)
        number = itertools.count(1000)
        for plan in (((0, 24), (16, 64)), ((0, 40), (8, 16), (40, 64)), ((8, 64), (0, 16)), ((0, 24), (0, 24), (24, 64)), ((0, 64),), ((0, 8), (8, 64)), ((56, 64), (0, 56))):
            for order in itertools.islice(itertools.permutations(plan), 6):
                n = next(number)
                for start, end in order:
                    yield self.ether(base / IPv6ExtHdrFragment(id=n, offset=start // 8, m=int(end < 64), nh=17) / whole[start:end])
        for offset, size, more in itertools.product((0, 1, 8, 4096, 8189, 8190, 8191), (0, 1, 7, 8, 9, 1000, 1400), (0, 1)):
            yield self.ether(base / IPv6ExtHdrFragment(id=3000 + offset, offset=offset, m=more, nh=17) / bytes(size))
        for following in range(256):
            yield self.ether(base / IPv6ExtHdrFragment(id=5000 + following, offset=0, m=1, nh=following) / bytes(16))
        nested = base
        for n in range(20):
            nested = nested / IPv6ExtHdrFragment(id=n, offset=0, m=0)
            yield self.ether(nested / UDP(sport=2222, dport=ECHO) / b"deep")

    def headers6(self):
        """Chains of extension headers, with lengths and options that do not fit."""
        base, udp = IPv6(src=MINE6, dst=IPV6), UDP(sport=2222, dport=ECHO) / b"far inside"
        kinds = (IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting)
        for kind, count in itertools.product(kinds, (1, 2, 3, 10, 60)):
            packet = base
            for _ in range(count):
                packet = packet / kind()
            yield self.ether(packet / udp)
        for kind, length in itertools.product((IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt), (0, 1, 2, 5, 30, 254, 255)):
            yield self.ether(base / kind(len=length) / udp)
        for kind, size in itertools.product(range(256), (0, 1, 4, 5, 255)):
            yield self.ether(IPv6(src=MINE6, dst=IPV6, nh=0) / Raw(bytes([17, 0, kind, size, 0, 0, 0, 0]) + raw(udp)))
        for routing, left in itertools.product((0, 1, 2, 3, 4, 255), (0, 1, 100, 255)):
            yield self.ether(base / IPv6ExtHdrRouting(type=routing, segleft=left, addresses=[IPV6, MINE6]) / udp)
        for following in range(256):
            yield self.ether(IPv6(src=MINE6, dst=IPV6, nh=following) / bytes(64))

    def arp(self):
        """Lengths and types that are not Ethernet's, addresses that nobody has, answers that nobody asked for; thousands of neighbours."""
        for fields in ({"hwlen": 0}, {"hwlen": 255}, {"plen": 0}, {"plen": 16}, {"hwtype": 0}, {"hwtype": 6}, {"ptype": 0x86DD}, {"op": 0}, {"op": 3}, {"op": 8}, {"op": 65535}):
            for op in (1, 2):
                yield self.ether(ARP(**{"op": op, "hwsrc": MAC, "psrc": MINE4, "pdst": IPV4, **fields}))
        for source, target, mac in itertools.product((IPV4, "0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "10.0.0.99"), (IPV4, "0.0.0.0", "255.255.255.255"),
                                                     (MAC, "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "01:00:5e:00:00:01", self.mac)):
            for op in (1, 2):
                yield self.ether(ARP(op=op, hwsrc=mac, psrc=source, hwdst=mac, pdst=target), to="ff:ff:ff:ff:ff:ff")
        good = self.ether(ARP(op=1, hwsrc=MAC, psrc="10.0.0.100", pdst=IPV4))
        for n in range(100, 254):
            yield good[:31] + bytes([n]) + good[32:]
        for n in range(2000):  # neighbours of a network that is not here
            yield good[:28] + bytes([10, 1 + n // 250, 0, n % 250]) + good[32:]

    def neighbours6(self):
        """Discovery and routers: hop limits below 255, options without length, prefixes and sizes that make no sense, many of each."""
        for frame in self.messages6():
            for at, values in ((21, (0, 1, 64, 254)), (55, (1, 255))):  # hop limit; code
                for value in values:
                    yield mended(frame[:at] + bytes([value]) + frame[at + 1:])
            yield frame[:56] + b"\x12\x34" + frame[58:]
            for size in (0, 1, 2, 4, 255):  # a length of an option
                yield mended(frame + bytes([1, size]) + bytes(6))
        near = IPv6(src="fe80::66", dst=IPV6, hlim=255)
        for source, target in itertools.product((IPV6, "::", "ff02::1", MINE6, "fe80::66"), (IPV6, "::", "ff02::1", "fd00::77", "::1")):
            for message in (ICMPv6ND_NS(tgt=target), ICMPv6ND_NA(tgt=target, R=1, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr="ff:ff:ff:ff:ff:ff"),
                            ICMPv6ND_NA(tgt=target, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=self.mac), ICMPv6ND_Redirect(tgt=target, dst=source)):
                yield self.ether(IPv6(src=source, dst=IPV6, hlim=255) / message)
        for mtu in (0, 1, 68, 576, 1279, 1280, 65535, 0xFFFFFFFF):
            yield self.ether(near / ICMPv6ND_RA(routerlifetime=9) / ICMPv6NDOptMTU(mtu=mtu))
            yield self.ether(near / ICMPv6PacketTooBig(mtu=mtu) / IPv6(src=IPV6, dst="fd00::1") / UDP())
            yield self.ether(IP(src=MINE4, dst=IPV4) / ICMP(type=3, code=4, nexthopmtu=mtu & 0xFFFF) / IP(src=IPV4, dst="10.0.0.1") / UDP())
        for length in (0, 1, 63, 65, 127, 128, 129, 255):
            yield self.ether(near / ICMPv6ND_RA(routerlifetime=9) / ICMPv6NDOptPrefixInfo(prefix="fd88::", prefixlen=length))
        for n in range(300):
            yield self.ether(IPv6(src=f"fe80::{n + 1000:x}", dst="ff02::1", hlim=255) / ICMPv6ND_RA(routerlifetime=3) / ICMPv6NDOptPrefixInfo(prefix=f"fd{n % 200 + 16:x}::"))
            yield self.ether(IPv6(src=f"fd00::{n + 1000:x}", dst=IPV6, hlim=255) / ICMPv6ND_NS(tgt=IPV6) / ICMPv6NDOptSrcLLAddr(lladdr=MAC))

    def ethernet(self):
        """Frames that carry no IP, or carry it in something else."""
        good = next(self.both(UDP(sport=5, dport=ECHO) / b"x"))
        for size in range(0, 61):
            yield good[:size]
        inner = IP(src=MINE4, dst=IPV4) / UDP(sport=5, dport=ECHO) / b"x"
        yield self.ether(Dot1Q(vlan=5) / inner)
        yield self.ether(Dot1Q(vlan=5) / Dot1Q(vlan=6) / inner)
        yield raw(Dot3(src=MAC, dst=self.mac) / LLC() / SNAP() / inner)
        for kind in (0, 1, 46, 1500, 0x0600, 0x0801, 0x6003, 0x8863, 0x8864, 0x88CC, 0xFFFF):
            yield self.ether(Ether(type=kind) / inner)[14:]
            yield good[:12] + kind.to_bytes(2, "big") + good[14:]
        for to in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01", MAC):
            yield self.ether(inner, to=to)
        for source in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", self.mac):
            yield self.ether(inner, source=source)
        for padding in (1, 18, 500, 1400):  # beyond what the packet says it is
            yield good + bytes(padding)


CASES = ("truncated", "changed", "fuzzed", "flags", "tcp_options", "ip_options", "addresses", "fragments4", "fragments6", "headers6", "arp", "neighbours6", "ethernet")
