"""DHCP servers that lie: an offer that no host can use is not taken, and an honest one after it is. Routers without number."""

import os
import re
import socket
import struct
import time

from lib.network import Network, need_tun, wait_until
from lib.project import Project, expect

SECONDS = 400
SERVER, SERVER_MAC, IMAGE_MAC = "10.0.0.1", b"\x02\0\0\0\0\x07", b"\x02\0\0\0\0\x55"
DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
HONEST = {"address": "10.0.0.77", "mask": "255.255.255.0", "router": "10.0.0.1", "lease": 3600}


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def option(kind, data):
    return bytes([kind, len(data)]) + data


def reply(asked, kind, address, mask, router, lease, more=b""):
    """An Ethernet frame with the answer to what a client asked."""
    options = option(53, bytes([kind])) + option(54, socket.inet_aton(SERVER))
    if kind != NAK:
        options += option(51, struct.pack("!I", lease)) + option(1, socket.inet_aton(mask)) + option(3, socket.inet_aton(router)) + more
    bootp = b"\2\1\6\0" + asked[4:8] + bytes(8) + socket.inet_aton(address) + bytes(8) + asked[28:44] + bytes(192) + b"\x63\x82\x53\x63" + options + b"\xff"
    udp = struct.pack("!HHHH", 67, 68, 8 + len(bootp), 0) + bootp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + socket.inet_aton(SERVER) + b"\xff" * 4
    return IMAGE_MAC + SERVER_MAC + b"\x08\0" + head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp


def asked(frame):
    """(kind, what a client asks), or None."""
    if frame[12:14] != b"\x08\0" or frame[6:12] != IMAGE_MAC or frame[23] != 17 or frame[34:38] != b"\0\x44\0\x43":
        return None
    bootp = frame[42:]
    found = re.match(rb"\x35\x01(.)", bootp[240:], re.S)
    return (found[1][0], bootp) if found else None


def listen(cable, server, seconds=60):
    """The client's next question."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            question = asked(cable.recv(4000))
        except TimeoutError:
            continue
        if question:
            return question
    expect(False, "the image asks again", server.output)


# what no host can have
LIES = {name: (words, {**HONEST, **lie}) for name, words, lie in [
    ("nobody", "0.0.0.0 is no address", {"address": "0.0.0.0"}),
    ("everyone", "is the address of everyone", {"address": "255.255.255.255"}),
    ("everyone in the network", "10.0.0.255 is the address of everyone", {"address": "10.0.0.255"}),
    ("the network", "10.0.0.0 is the address of its network", {"address": "10.0.0.0"}),
    ("loopback", "127.0.0.1 is an address of the loopback network", {"address": "127.0.0.1"}),
    ("a group", "224.0.0.5 is the address of a group", {"address": "224.0.0.5"}),
    ("the host", "10.0.0.1 is an address of the other end of the link", {"address": SERVER}),
    ("a mask with holes", "10.0.0.77 comes with a mask that has holes", {"mask": "255.0.255.0"}),
]}
# what is odd, and does no harm
ODD = {name: {**HONEST, **odd} for name, odd in {
    "a router beyond": {"router": "192.0.2.1"}, "itself as router": {"router": HONEST["address"]}, "no time": {"lease": 0},
    "for ever": {"lease": 0xFFFFFFFF}, "times in disorder": {"more": option(58, struct.pack("!I", 9000)) + option(59, struct.pack("!I", 1))},
}.items()}


def obtain(cable, server, question, lease, lie=None):
    """The image asks for what it is offered, and has it; not what an acknowledgement says beside it."""
    cable.send(reply(question, OFFER, **lease))
    kind, question = listen(cable, server)
    expect(kind == REQUEST, "the offer is taken", server.output)
    if lie:
        cable.send(reply(question, ACK, **lie))
        kind, question = listen(cable, server)
        expect(kind == REQUEST and "stack: address" not in server.output, "it asks again for what it was offered", server.output)
    cable.send(reply(question, ACK, **lease))
    server.wait_for(f"stack: address {lease['address']}/24")


def end(server):
    expect(server.stop() == 0, "SIGTERM ends it with status 0", server.output)
    expect("ERROR" not in server.output and "runtime error" not in server.output, "no sanitizer complains", server.output)


def lies(context, options):
    need_tun()
    with Network() as net, Project(context) as p:
        p.copy("examples/homepage")
        p.ukc("configure", "--target", "posix", "--set", "net=native", "--set", "http.stack.ipv4=dhcp", "--set", "http.stack.ipv6=off", *options)
        image = p.file(p.ukc("build", "--json", timeout=300).json["image"])
        host = net.namespace("host")
        host.ip("tuntap add dev tap0 mode tap")
        host.address("tap0", "10.0.0.1/24")
        for name, (words, lie) in LIES.items():
            with host.frames("tap0", 1) as cable, host.start(image, "--mac=02:00:00:00:00:55") as server:
                kind, question = listen(cable, server)
                expect(kind == DISCOVER, "it begins at the beginning", kind)
                cable.send(reply(question, OFFER, **lie))
                kind, question = listen(cable, server)
                expect(kind == DISCOVER, f"{name}: the offer is not taken", server.output)
                obtain(cable, server, question, HONEST, lie)
                expect(server.output.count("not taken from a DHCP server") == 2 and words in server.output, f"{name}: it says why", server.output)
                end(server)
        for name, odd in ODD.items():
            with host.frames("tap0", 1) as cable, host.start(image, "--mac=02:00:00:00:00:55") as server:
                obtain(cable, server, listen(cable, server)[1], odd)
                expect("not taken" not in server.output, f"{name}: it is taken", server.output)
                end(server)


# ---- routers ----

PORT, OWN = 8080, "fd00::ff:fe00:55"


def advertisement(router, prefix, mtu=None, length=64):
    """An Ethernet frame in which a router announces itself and a prefix."""
    source, destination = b"\xfe\x80" + bytes(6) + struct.pack("!Q", router), socket.inet_pton(socket.AF_INET6, "ff02::1")
    body = b"\x40\0" + struct.pack("!H", 1800) + bytes(8) + bytes([3, 4, length, 0xC0]) + struct.pack("!II", 3600, 1800) + bytes(4) + prefix
    if mtu is not None:
        body += b"\x05\x01\0\0" + struct.pack("!I", mtu)
    total = checksum(source + destination + struct.pack("!II", 4 + len(body), 58) + b"\x86\0\0\0" + body)
    head = b"\x60\0\0\0" + struct.pack("!HBB", 4 + len(body), 58, 255) + source + destination
    return b"\x33\x33\0\0\0\1" + SERVER_MAC + b"\x86\xdd" + head + b"\x86\0" + struct.pack("!H", total) + body


def resident(server):
    with open(f"/proc/{server.pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def routers(context):
    """A flood of routers, each with a prefix of its own, and nonsense beside: the first address stays, and serves."""
    need_tun()
    good = socket.inet_pton(socket.AF_INET6, "fd00::")
    with Network() as net, Project(context) as p:
        p.copy("examples/homepage")
        p.ukc("configure", "--target", "posix", "--set", "net=native", "--set", "http.stack.ipv4=off", "--set", "http.stack.ipv6=slaac")
        image = p.file(p.ukc("build", "--json", timeout=300).json["image"])
        host = net.namespace("host")
        host.ip("tuntap add dev tap0 mode tap")
        host.address("tap0", "fd00::1/64")
        with host.start(image, "--mac=02:00:00:00:00:55") as server, host.frames("tap0", 1) as cable:
            host.wait_for_device("tap0", server)
            wait_until(lambda: cable.send(advertisement(1, good)) and f"address {OWN}/64" in server.output, "an address", 60, server)
            host.wait_for_port(OWN, PORT, server)
            before = resident(server)
            for number in range(20000):
                cable.send(advertisement(2 + number, number.to_bytes(8, "big") + bytes(8)))
            for prefix in ("fe80::", "ff00::", "::", "::1"):
                cable.send(advertisement(1, socket.inet_pton(socket.AF_INET6, prefix)))
            for length in (0, 63, 65, 128, 255):
                cable.send(advertisement(1, good, length=length))
            for mtu in (0, 1, 68, 1279, 65536, 0xFFFFFFFF):
                cable.send(advertisement(1, good, mtu=mtu))
            host.wait_for_port(OWN, PORT, server)
            expect(resident(server) - before < 8 << 20, "memory has a bound", before, resident(server))
            expect(server.output.count("stack: address") <= 8 and len(server.output) < 4000, "so has what is said of it", server.output)
            expect(server.stop() == 0, "SIGTERM ends it with status 0", server.output)


def tests(context):
    yield "routers", lambda: routers(context)
    yield "release", lambda: lies(context, [])
    if context.long:
        yield "sanitized", lambda: lies(context, ["--profile", "dev", "--sanitize"])
