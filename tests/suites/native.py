"""Examples over the stack in the image: curl, ping and datagrams over IPv4 and IPv6, addresses that are fixed or come from dnsmasq."""

import hashlib
import os
import re
import signal
import socket
import struct
import time

import harness
from lib.network import Network, need_tun, wait_until
from lib.project import Project, expect

SECONDS = 600
PORT = 8080
SANITIZED_IMAGE = ["--profile", "dev", "--sanitize"]
PROFILES = {"release": [], "sanitized": SANITIZED_IMAGE}
LARGE = 8_000_003  # bytes of one file


def build(p, *options):
    """The image of the home page, with one more file."""
    p.copy("examples/homepage")
    p.write("htdocs/large.bin", os.urandom(LARGE))
    p.ukc("configure", "--target", "posix", "--set", "net=native", *options)
    return p.file(p.ukc("build", "--json", timeout=600).json["image"])


def url(address, path="/"):
    return f"http://{f'[{address}]' if ':' in address else address}:{PORT}{path}"


def check_pages(p, client, address):
    """curl gets what lies in the directory."""
    curl = [harness.need("curl"), "-sS", "--max-time", "30", "-6" if ":" in address else "-4"]
    r = client.run(*curl, url(address))
    expect(r.out == p.read("htdocs", "index.html").decode(), f"curl gets the page from {address}", r)
    r = client.run(*curl, "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", url(address, "/none"), "-o", "/dev/null", url(address))
    expect(r.out.split() == ["404", "1", "200", "0"], "a page that is not there, and one that is, over one connection", r)
    r = client.run(*curl, "-o", p.file("got"), url(address, "/large.bin"))
    expect(hashlib.sha256(p.read("got")).digest() == hashlib.sha256(p.read("htdocs", "large.bin")).digest(), "a large file is whole")
    r = client.run(*curl, "-Z", "--parallel-max", "40", *[word for _ in range(40) for word in ("-o", "/dev/null", url(address))],
                   "-w", "%{http_code}\n")
    expect(r.out.split() == ["200"] * 40, "forty requests at once", r)


def check_ping(client, address):
    ping = [harness.need("ping"), "-n", "-i0.05", "-W3", "-6" if ":" in address else "-4", address]
    for size in (0, 56, 1400, 4000, 8000):  # the last two in fragments
        r = client.run(*ping, "-c5", f"-s{size}", status=None)
        expect(r.status == 0 and " 0% packet loss" in r.out, f"{address} answers every echo request with {size} bytes", r)


def check_end(server):
    status = server.stop()
    expect(status == 0, "SIGTERM ends it with status 0", server.output)
    expect("ERROR" not in server.output and "runtime error" not in server.output, "no sanitizer complains", server.output)


def fixed(context, options):
    """The default configuration: nothing is set up by hand, and a client behind the host needs routes only."""
    need_tun()
    with Network() as net, Project(context) as p:
        image = build(p, *options)
        host, beyond = net.namespace("host"), net.namespace("beyond")
        host.veth("left", beyond, "right")
        host.address("left", "10.9.0.1/24", "fd09::1/64")
        beyond.address("right", "10.9.0.2/24", "fd09::2/64")
        beyond.ip("route add 10.0.0.0/24 via 10.9.0.1")
        beyond.ip("route add fd00::/64 via fd09::1")
        for name in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            host.sysctl(name, 1)
        for _ in range(2):  # the second finds what the first left, which is nothing
            with host.start(image) as server:
                host.wait_for_port("10.0.0.2", PORT, server)
                host.wait_for_port("fd00::2", PORT, server)
                for client in (host, beyond):
                    for address in ("10.0.0.2", "fd00::2"):
                        check_pages(p, client, address)
                        check_ping(client, address)
                check_end(server)
        for key, value, words in WRONG:
            r = host.run(image, f"--{key}={value}", status=None, timeout=20)
            expect(r.status == 1 and f"the key '{key}' {words}" in r.out + r.err, f"{value} is refused as {key}", r)
        for values in RIGHT:
            with host.start(image, *values) as server:
                server.wait_for("netif_tap: tap0")
                server.wait_for("listening")
                check_end(server)
        host.ip("tuntap add dev tap0 mode tap")  # as an operator configures it
        host.address("tap0", "10.0.0.8/24", "10.0.0.9/24", "fd00::8/64", "fd00::9/64")
        for key, value in (("address", "10.0.0.9/24"), ("address6", "fd00::9/64"), ("address", "10.9.0.1/24"), ("address6", "fd09::1/64")):
            r = host.run(image, f"--{key}={value}", status=None, timeout=20)
            expect(r.status == 1 and f"the key '{key}' is {value}, which the other end of the link has" in r.out + r.err, "so is the host's own", r)


WRONG = [
    ("address", "0.0.0.0/0", "is no address"),
    ("address", "127.0.0.1/8", "is an address of the loopback network"),
    ("address", "224.0.0.1/24", "is the address of a group"),
    ("address", "255.255.255.255/32", "is the address of everyone in its network"),
    ("address", "10.0.0.255/24", "is the address of everyone in its network"),
    ("address", "10.0.0.0/24", "is the address of its network, not of a host"),
    ("address", "10.0.0.1/24", "is 10.0.0.1/24, which the other end of the link has, there or elsewhere: give one of the two another address"),
    ("address6", "fd00::1/64", "is fd00::1/64, which the other end of the link has, there or elsewhere: give one of the two another address"),
    ("router", "10.0.0.2", "is the image's own address: give that of a router, or 0.0.0.0 if there is none"),
    ("router", "10.0.1.1", "is 10.0.1.1, which is not in the network of the key 'address', 10.0.0.2/24: give a router that is, or 0.0.0.0"),
    ("router", "10.0.0.255", "is the address of everyone in its network: give that of a router, or 0.0.0.0"),
    ("router6", "fd00::2", "is the image's own address: give that of a router, or :: for"),
    ("router6", "fd00:0:0:1::1", "is fd00:0:0:1::1, which is not in the network of the key 'address6', fd00::2/64: give a router that is, a link-local"),
    ("router6", "ff02::2", "is not the address of a host: give that of a router, or :: for"),
    *(("address6", value, "is not the address of a host") for value in ("::/0", "::1/64", "ff02::1/64", "::ffff:10.0.0.2/64")),
]

# routers that are not in the image's network, and are right; or none
RIGHT = [
    ["--address=10.0.0.2/32", "--router=172.31.1.1", "--router6=fe80::1"],
    ["--router=0.0.0.0", "--router6=::"],
]


def addresses(server):
    """Those that the image says it has, without link-local ones."""
    return [a for a in re.findall(r"stack: address ([0-9a-f.:]+)/\d+", server.output) if not a.startswith("fe80:")]


def automatic(context, options):
    """DHCP and router advertisements, both of dnsmasq. The name is as long as a label may be."""
    name = "page" + "x" * 59
    need_tun()
    harness.need("dnsmasq")
    with Network() as net, Project(context) as p:
        image = build(p, "--set", "http.stack.ipv4=dhcp", "--set", "http.stack.ipv6=slaac", *options)
        host = net.namespace("host")
        host.ip("tuntap add dev tap0 mode tap")  # it stays when the image ends, whose last frame dnsmasq is to get
        with host.start(image, "--mac=02:00:00:00:00:55", f"--hostname={name}") as server:
            host.wait_for_device("tap0", server)
            expect(addresses(server) == [], "there is no address at first", server.output)
            with host.dnsmasq("tap0", "--dhcp-range=10.0.0.50,10.0.0.60,255.255.255.0", "--dhcp-range=fd00::,ra-only,64", "--enable-ra",
                              "--ra-param=tap0,4") as dnsmasq:
                wait_until(lambda: len(addresses(server)) >= 2, "an address of each family", 60, server)
                v4 = next(a for a in addresses(server) if ":" not in a)
                v6 = next(a for a in addresses(server) if ":" in a)
                expect(v4 in [f"10.0.0.{n}" for n in range(50, 61)], "IPv4 is from the range", v4, dnsmasq.output)
                expect(v6.startswith("fd00:"), "IPv6 is from the prefix", v6, dnsmasq.output)
                expect(f"DHCPACK(tap0) {v4} 02:00:00:00:00:55 {name}" in dnsmasq.output, "the server knows whom it gave the address", dnsmasq.output)
                for address in (v4, v6):
                    host.wait_for_port(address, PORT, server)
                    check_pages(p, host, address)
                    check_ping(host, address)
                check_end(server)
                wait_until(lambda: f"DHCPRELEASE(tap0) {v4}" in dnsmasq.output, "the server has the address back", 20, dnsmasq)
                expect(f"stack: given back: address {v4}/24" in server.output, "and the image says so", server.output)
                expect(not re.search("any more|no longer valid|warning", server.output), "nothing is said to be lost", server.output)


def over_packets(context):
    """An interface that was there before: one end of a veth pair."""
    with Network() as net, Project(context) as p:
        image = build(p, "--set", "link=packet")
        host, peer = net.namespace("host"), net.namespace("peer")
        host.veth("left", peer, "right")
        host.ip("addr flush dev left")
        peer.address("right", "10.0.0.1/24", "fd00::1/64")
        with host.start(image, "--device=left") as server:
            for address in ("10.0.0.2", "fd00::2"):
                peer.wait_for_port(address, PORT, server)
                check_pages(p, peer, address)
                check_ping(peer, address)
            check_end(server)


def fragments(source, destination, payload, wrong):
    """Ethernet frames with one UDP datagram over IPv4 in two fragments; wrong: what to add to its checksum."""
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    udp = struct.pack("!HHHH", 4000, 7007, 8 + len(payload), 0) + payload
    total = checksum(addresses + struct.pack("!HH", 17, len(udp)) + udp)
    udp = udp[:6] + struct.pack("!H", (total + wrong) & 0xFFFF or 0xFFFF) + udp[8:]
    for start, end, more in ((0, 1480, 0x2000), (1480, len(udp), 0)):
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + end - start, 4711 + wrong, more | start // 8, 64, 17, 0) + addresses
        yield head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp[start:end]


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def check_datagrams(host, offload):
    """Datagrams in one frame and in several, both ways, each with its checksum."""
    for address in ("10.0.0.2", "fd00::2"):
        with host.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            for size in (1, 1400, 1473, 4000, 8000):
                payload = os.urandom(size)
                s.sendto(payload, (address, 7007))
                try:
                    expect(s.recv(20000) == payload, f"{size} bytes come back from {address} unchanged")
                except TimeoutError:
                    raise harness.Failure(f"a datagram of {size} bytes does not come back from {address}, offload {offload}") from None


def check_put_together(host, mac):
    """A datagram that came in fragments is verified, too: nobody but the stack can do it."""
    with host.frames("tap0", 2) as s, host.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("10.0.0.1", 4000))
        receiver.settimeout(2)
        for wrong, payload in ((1, b"w" * 2000), (0, b"r" * 2000)):
            for packet in fragments("10.0.0.1", "10.0.0.2", payload, wrong):
                s.send(mac + b"\x02\0\0\0\0\x07\x08\0" + packet)
        expect(receiver.recv(20000) == payload, "only the datagram with the right checksum comes back")


def datagrams(context, options):
    need_tun()
    with Network() as net, Project(context) as p:
        p.copy("examples/small-services")
        p.ukc("configure", "echo", "--target", "posix", "--set", "net=native", *options)
        image = p.file(p.ukc("build", "echo", "--json", timeout=600).json["image"])
        host = net.namespace("host")
        for offload in ("true", "false"):
            with host.start(image, f"--offload={offload}", "--mac=02:00:00:00:00:55") as server:
                host.wait_for_ping("10.0.0.2", server)
                host.wait_for_ping("fd00::2", server)
                check_datagrams(host, offload)
                check_put_together(host, b"\x02\0\0\0\0\x55")
                check_end(server)


def headers_of(path):
    """The frames in a capture: their sizes, and what was kept of each."""
    with open(path, "rb") as f:
        data = f.read()
    order, at = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}[data[:4]], 24
    while at + 16 <= len(data):
        kept, size = struct.unpack(order + "8xII", data[at : at + 16])
        at += 16 + kept
        yield size, data[at - kept : at]


def check_segments(frames, divided):
    """Headers are right, and what they carry is all of the stream, each byte once.  Returns whether there were long frames."""
    longest, following = 0, None
    for length, frame in frames:
        v6 = frame[12:14] == b"\x86\xdd"
        ip, tcp = frame[14:], frame[54 if v6 else 34 :]
        size = 40 + struct.unpack("!H", ip[4:6])[0] if v6 else struct.unpack("!H", ip[2:4])[0]
        expect(size == length - 14, "IP's length is that of the frame", size, length)
        expect(v6 or checksum(ip[:20]) == 0, "IPv4's checksum is right", frame.hex())
        sequence, flags, payload = struct.unpack("!I", tcp[4:8])[0], tcp[13], length - (54 if v6 else 34) - (tcp[12] >> 4) * 4
        if flags & 2:
            following = sequence + 1 & 0xFFFFFFFF
            continue
        expect(sequence == following, "segments are one behind the other", sequence, following)
        following = sequence + payload + (flags & 1) & 0xFFFFFFFF
        longest = max(longest, length)
    expect((longest > 1514) == divided and longest > 1000, "segments are sent together where the host divides them, and only there", longest, divided)
    return longest


def together(context, options):
    """Segments of a large file leave as frames that the host divides; without offload each by itself."""
    need_tun()
    curl = harness.need("curl")
    with Network() as net, Project(context) as p:
        image = build(p, *options)
        host = net.namespace("host")
        for number, (way, *more) in enumerate([("true",), ("true", "--mtu=9000"), ("false",)]):
            with host.start(image, f"--offload={way}", *more) as server:
                for address in ("10.0.0.2", "fd00::2"):
                    host.wait_for_port(address, PORT, server)
                    capture = p.file(f"capture-{number}-{len(address)}")
                    with host.capture("tap0", capture, "-B", "65536", "--snapshot-length=128", "tcp", "src", "port", str(PORT)):
                        host.run(curl, "-sS", "--max-time", "60", "-o", p.file("got"), url(address, "/large.bin"))
                    expect(p.read("got") == p.read("htdocs", "large.bin"), f"the file is whole, {way} {more}")
                    longest = check_segments(headers_of(capture), divided=way == "true") if not more else 0
                    expect(longest <= 65535, "no frame is longer than IP allows")
                check_end(server)


def ended(context, options):
    """An answer that the server has written arrives whole when SIGTERM comes before the client has taken it."""
    need_tun()
    size = 40000  # more than this client's window, less than the stack takes at once
    with Network() as net, Project(context) as p:
        p.write("htdocs/some.bin", bytes(size))
        image = build(p, *options, "--set", "linger=600000")
        host = net.namespace("host")
        with host.start(image) as server:
            host.wait_for_port("10.0.0.2", PORT, server)
            with host.entered(), socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                client.settimeout(60)
                client.connect(("10.0.0.2", PORT))
                client.sendall(b"GET /some.bin HTTP/1.1\r\nHost: a\r\n\r\n")
                got = client.recv(100)
                server.send(signal.SIGTERM)
                time.sleep(0.5)  # for one that does not wait to end
                while part := client.recv(1000):
                    got += part
            body = got.partition(b"\r\n\r\n")[2]
            expect(len(body) == size, f"the client gets all of it: {len(body)} bytes", server.output)
            server.wait(60)
            check_end(server)


def tests(context):
    for name, options in PROFILES.items():
        yield f"fixed/{name}", lambda options=options: fixed(context, options)
        if name == "release" and not context.long:
            continue  # the sanitized image does the rest as well
        yield f"together/{name}", lambda options=options: together(context, options)
        yield f"datagrams/{name}", lambda options=options: datagrams(context, options)
        yield f"automatic/{name}", lambda options=options: automatic(context, options)
        yield f"ended/{name}", lambda options=options: ended(context, options)
    yield "packet", lambda: over_packets(context)
