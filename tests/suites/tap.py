"""An image on a tap device, or on an interface of the host: what it makes of the host's end, frames and checksums both ways, what it says when it may not."""

import errno
import os
import re
import socket
import stat
import struct
import subprocess
import tempfile
import time

from harness import Skip
from lib.network import Network, expose, need_tun, wait_until
from lib.project import Project, expect

SECONDS = 400
OURS, BROADCAST = b"\x88\xb5", b"\xff" * 6
PEER = b"\x02\x00\x00\x00\x00\x07"
NOBODY = 65534
PROFILES = {"release": [], "sanitized": ["--profile", "dev", "--sanitize"]}


# ---- asking the image ----

def exchange(s, frame, seconds=5):
    """The frame that comes back; None if none does."""
    s.settimeout(seconds)
    s.send(frame)
    try:
        while True:
            got = s.recv(20000)
            if got[:6] == frame[6:12] and got[12:14] == frame[12:14]:
                return got
    except TimeoutError:
        return None


def own(to, size, fill=b"x"):
    return to + PEER + OURS + fill * (size - 14)


def datagram(source, destination, payload, wrong=0):
    """An Ethernet frame with a UDP datagram, with a checksum made here; wrong: what to add to it."""
    v6 = ":" in source
    family = socket.AF_INET6 if v6 else socket.AF_INET
    addresses = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    udp = struct.pack("!HHHH", 4000, 4001, 8 + len(payload), 0) + payload
    total = sum(struct.unpack(f"!{(len(addresses) + len(udp) + 1) // 2}H", addresses + udp + b"\0" * (len(udp) % 2))) + len(udp) + 17
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    udp = udp[:6] + struct.pack("!H", ((total ^ 0xFFFF) + wrong) & 0xFFFF or 0xFFFF) + udp[8:]
    if v6:
        ip = struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + addresses
    else:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + addresses
    return BROADCAST + PEER + (b"\x86\xdd" if v6 else b"\x08\x00") + ip + udp


def check_exchange(host, device, mtu, mac):
    """Everything that goes through the kernel's own stack, and frames by hand."""
    host.ip(f"neigh replace fd00::2 lladdr {mac} dev {device}")  # it speaks ARP, not neighbour discovery
    for address in ("10.0.0.2", "fd00::2"):
        with host.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            for size in (0, 1, 7, 8, 64, 511, mtu - 48):
                payload = os.urandom(size)
                s.sendto(payload, (address, 7))
                expect(s.recv(20000) == payload, f"a datagram of {size} bytes comes back from {address}")
        try:
            host.connect(address, 80).close()
            expect(False, f"a connection to {address} is refused")
        except OSError as e:
            expect(e.errno == errno.ECONNREFUSED, f"a connection to {address} is refused, by a segment with a good checksum", e)
    with host.frames(device) as s:
        for size in (14, 15, 60, 777, mtu + 14):
            frame = own(BROADCAST, size)
            got = exchange(s, frame)
            expect(got and got[14:] == frame[14:], f"a frame of {size} bytes comes back", got)
            expect(got[6:12].hex(":") == mac, "from the image's address", got[6:12].hex(":"), mac)


def check_verified(host, device):
    """With offload, nothing reaches the image whose checksum is wrong."""
    with host.frames(device) as s:
        for source, destination in (("10.0.0.9", "10.0.0.2"), ("fd00::9", "fd00::2")):
            for payload in (b"", b"odd", b"an even number of bytes."):
                got = exchange(s, datagram(source, destination, payload))
                expect(got, f"a datagram from {source} comes back")
                expect(got[42 if source[0] == "1" else 62:] == payload, "whole", got)
                expect(exchange(s, datagram(source, destination, payload, 1), 0.2) is None, "one with a wrong checksum does not")


# ---- the host's end ----

def addresses(device):
    return sorted(f"{a['local']}/{a['prefixlen']}" for a in device["addr_info"] if a["scope"] == "global")


def made_here(net, image, offload):
    host = net.namespace("host")
    with host.start(image, f"--offload={'true' if offload else 'false'}") as server:
        device = host.wait_for_device("tap0", server)
        expect(addresses(device) == ["10.0.0.1/24", "fd00::1/64"] and device["mtu"] == 1500, "the device is configured", device)
        server.wait_for(f"offload {3 if offload else 0}, MTU 1500")
        mac = re.search(r"tap0, ([0-9a-f:]{17}), MTU 1500, made here", server.output)
        expect(mac, "its own address is said", server.output)
        first = int(mac.group(1)[:2], 16)
        expect(first & 3 == 2, "which is locally administered, and of one device", mac.group(1))
        check_exchange(host, "tap0", 1500, mac.group(1))
        if offload:
            check_verified(host, "tap0")
        host.ip("link set tap0 mtu 4000")
        with host.frames("tap0") as s:
            s.send(own(BROADCAST, 1515))
            server.wait_for(f"receive: -{errno.EMSGSIZE}")
            expect(exchange(s, own(BROADCAST, 1514)), "after a frame that was too long, others arrive")
        status = server.stop()
    expect(status == 0, "SIGTERM ends it with status 0", server.output)
    expect("ERROR" not in server.output and "runtime error" not in server.output, "no sanitizer complains", server.output)
    expect(host.device("tap0") is None, "and with it the device")


def other_values(net, image):
    """Every key, and a device of another size; below 1280 there is no IPv6."""
    host = net.namespace("host")
    with host.start(image, "--device=net-1.a", "--mac=02:00:00:00:00:55", "--mtu=9000", "--host_ipv4=10.0.0.7/16", "--host_ipv6=::/0") as server:
        device = host.wait_for_device("net-1.a", server)
        expect(addresses(device) == ["10.0.0.7/16"] and device["mtu"] == 9000, "the values are those given", device)
        with host.frames("net-1.a") as s:
            got = exchange(s, own(BROADCAST, 9014))
            expect(got and len(got) == 9014 and got[6:12].hex(":") == "02:00:00:00:00:55", "a jumbo frame comes back")
    with host.start(image, "--mtu=576") as server:
        device = host.wait_for_device("tap0", server)
        expect(addresses(device) == ["10.0.0.1/24"] and device["mtu"] == 576, "no IPv6 with so small an MTU", device)
    with host.start(image, "--configure=false") as server:
        server.wait_for("made here")
        expect(addresses(host.device("tap0")) == [] and "UP" not in host.device("tap0")["flags"], "left alone when told so", host.device("tap0"))


def made_by_others(net, image):
    """Whatever the operator has configured stays."""
    host = net.namespace("host")
    host.ip("tuntap add dev tap0 mode tap")
    host.address("tap0", "10.0.0.100/25")
    with host.start(image) as server:
        server.wait_for("tap0, ")
        expect(addresses(host.device("tap0")) == ["10.0.0.100/25"], "addresses are kept", host.device("tap0"))
        wait_until(lambda: "LOWER_UP" in host.device("tap0")["flags"], "the carrier", program=server)
        check_datagram(host)
        refused(host, [image], "in use by another process")
    host.ip("addr flush dev tap0")
    host.ip("link set tap0 down mtu 1400")
    with host.start(image) as server:
        expect(addresses(host.wait_for_device("tap0", server)) == ["10.0.0.1/24", "fd00::1/64"], "without addresses it is configured")
        expect(host.device("tap0")["mtu"] == 1500, "its MTU, too")
    host.ip("addr flush dev tap0")
    if host.run("ip", "link", "add", "bridge0", "type", "bridge", status=None).status != 0:
        return  # a kernel without bridges
    host.ip("link set tap0 down mtu 1400 master bridge0")
    with host.start(image) as server:
        expect(addresses(host.wait_for_device("tap0", server)) == [], "a port of a bridge gets no address")
        server.wait_for("an MTU of 1400 on the host, and one of 1500 here")


def check_datagram(host):
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(b"hello", ("10.0.0.2", 7))
        expect(s.recv(100) == b"hello", "a datagram comes back")


def taken_away(net, image):
    host = net.namespace("host")
    with host.start(image) as server:
        host.wait_for_device("tap0", server)
        host.ip("link del tap0")
        server.wait_for("tap0 is gone; waiting")
        host.ip("tuntap add dev tap0 mode tap")
        host.ip("link set tap0 up")
        server.wait_for("tap0 is there again")
        with host.frames("tap0") as s:
            expect(exchange(s, own(BROADCAST, 100)), "and frames come back")
        host.ip("link del tap0")
        wait_until(lambda: server.output.count("is gone") == 2, "it is said each time", program=server)
        expect(server.stop() == 0, "and it can be stopped while it waits", server.output)


# ---- what it says when it cannot ----

def refused(host, argv, *texts):
    r = host.run(*argv, status=1, timeout=20)
    for text in texts:
        expect(text in r.err, f"it says '{text}'", r)
    return r.err


def wrong_values(net, image):
    host = net.namespace("host")
    refused(host, [image, "--device=lo"], "lo is no tap device")
    for name in ("", "-x", "a b", "a/b", ".", "tap%d", "sixteen-letters-", "$(id)"):
        refused(host, [image, f"--device={name}"], "no name of a device")
    refused(host, [image, "--mac=01:00:00:00:00:01"], "the address of a group")
    host.ip("tuntap add dev tap0 mode tap")
    host.ip("link set tap0 address 02:00:00:00:00:01")
    refused(host, [image, "--mac=02:00:00:00:00:01"], "the address of the host's end")


def tun_for_all():
    """A file like /dev/net/tun that its mode alone protects, and the words that put it in that place for a program."""
    node = os.path.join(tempfile.mkdtemp(), "tun")
    try:
        os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(10, 200))
        os.close(os.open(node, os.O_RDWR))
    except OSError as e:
        raise Skip(f"a device file cannot be made here ({e.strerror})") from None
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        raise Skip("there are no mount namespaces here, as in a chroot")
    return node, ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /dev/net/tun && exec "$@"', node]


def obey(host, text, node):
    """Runs the commands that a message has, as they are."""
    commands = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    for command in commands:
        host.run("sh", "-ec", command.replace("/dev/net/tun", node))
    return commands


def not_permitted(net, image):
    """What is said to an ordinary user is what helps him."""
    host = net.namespace("host")
    node, with_node = tun_for_all()
    expose(image)
    nobody = [*with_node, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", image, "--mtu=1450", "--host_ipv4=10.0.0.3/24"]
    text = refused(host, nobody, "cannot open /dev/net/tun: Permission denied", "chmod 666 /dev/net/tun", "net did not start")
    os.chmod(node, 0o666)
    text = refused(host, nobody, "cannot make the device tap0: Operation not permitted")
    expect(obey(host, text, node) == [
        "ip tuntap add dev tap0 mode tap user nobody", "ip addr add 10.0.0.3/24 dev tap0", "ip addr add fd00::1/64 dev tap0 nodad",
        "ip link set tap0 mtu 1450 up"], "the commands are complete", text)
    with host.start(*nobody) as server:
        server.wait_for("MTU 1450")
        expect("made here" not in server.output and "warning" not in server.output, "the device is used as it is", server.output)
        wait_until(lambda: "LOWER_UP" in host.device("tap0")["flags"], "the carrier", program=server)
        check_datagram(host)
    host.ip("addr flush dev tap0")
    with host.start(*nobody) as server:
        server.wait_for("tap0 has no address, and this process may not give it one")
    host.ip("link set tap0 down")
    text = refused(host, nobody, "cannot configure the host's end: Operation not permitted")
    expect(len(obey(host, text, node)) == 3, "nothing is made a second time", text)
    host.ip("tuntap del dev tap0 mode tap")
    host.ip("tuntap add dev tap0 mode tap user 1")
    text = refused(host, nobody, "cannot use the device tap0: Operation not permitted")
    expect(obey(host, text, node)[0] == "ip tuntap del dev tap0 mode tap", "somebody else's device goes first", text)
    with host.start(*nobody) as server:
        server.wait_for("MTU 1450")


def without_capability(net, image):
    """root who may not administer the network is told the same."""
    host = net.namespace("host")
    refused(host, ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", image],
            "cannot make the device tap0: Operation not permitted", "CAP_NET_ADMIN", "ip tuntap add dev tap0 mode tap user ")


def run_by_ukc(net, p):
    """ukc run, as root: nothing else to do."""
    host = net.namespace("host")
    with host.start(p.context.ukc, "run", "--", "--mtu=1400", directory=p.path, environment=p.environment) as server:
        expect(host.wait_for_device("tap0", server)["mtu"] == 1400, "the image is on the network")
        check_datagram(host)
        expect(server.stop() == 0, "SIGTERM is the image's", server.output)


def tap(context, options):
    need_tun()
    with Network() as net, Project(context) as p:
        p.copy("tests/tap")
        p.ukc("configure", "--target", "posix", *options)
        image = p.file(p.ukc("build", "--json", timeout=600).json["image"])
        made_here(net, image, True)
        made_here(net, image, False)
        other_values(net, image)
        made_by_others(net, image)
        taken_away(net, image)
        wrong_values(net, image)
        without_capability(net, image)
        run_by_ukc(net, p)
        not_permitted(net, image)


# ---- netif_packet ----

def packet(context, options):
    """One end of a veth pair is the image's; the host's own stack is silent there, as it has no address."""
    with Network() as net, Project(context) as p:
        p.copy("tests/tap")
        p.ukc("configure", "--target", "posix", "--set", "link=packet", "--set", "net.device=left", *options)
        image = p.file(p.ukc("build", "--json", timeout=600).json["image"])
        host, peer = net.namespace("host"), net.namespace("peer")
        refused(host, [image], "left: No such device")
        host.veth("left", peer, "right")
        host.ip("addr flush dev left")  # also the link-local address
        peer.address("right", "10.0.0.1/24", "fd00::1/64")
        with host.start(image) as server:
            mac = host.device("left")["address"]
            server.wait_for(f"left, {mac}, MTU 1500")
            expect("warning" not in server.output, "nothing is wrong", server.output)
            check_exchange(peer, "right", 1500, mac)
            check_verified(peer, "right")
            with peer.frames("right") as s:
                expect(exchange(s, own(b"\x02\0\0\0\0\x77", 100), 0.2) is None, "what is for others is not the image's")
            host.ip("link set left down")
            server.wait_for("left is down or gone; waiting")
            host.ip("link set left up")
            server.wait_for("left is there again")
            check_datagram(peer)
            host.ip("link set left down")
            time.sleep(2.2)  # a packet socket says only once that its interface is gone; it is looked for each second
            host.ip("link set left up")
            wait_until(lambda: server.output.count("left is there again") == 2, "it is said each time", program=server)
            host.ip("link del left")
            time.sleep(2.2)
            host.veth("left", peer, "right")
            host.ip("addr flush dev left")
            peer.address("right", "10.0.0.1/24", "fd00::1/64")
            wait_until(lambda: server.output.count("left is there again") == 3, "one made anew is used", program=server)
            check_datagram(peer)
            expect(server.stop() == 0, "SIGTERM ends it with status 0", server.output)
        with host.start(image, "--mac=02:00:00:00:00:55", "--offload=false", "--mtu=1400") as server:
            server.wait_for("left, 02:00:00:00:00:55, MTU 1400")
            peer.ip("neigh flush dev right")  # the address has another owner now
            check_exchange(peer, "right", 1400, "02:00:00:00:00:55")
        host.address("left", "10.0.0.5/24")
        with host.start(image) as server:
            server.wait_for("left has an address on the host, which will answer too")
        refused(host, [image, "--mtu=1501"], "the MTU of left is 1500")
        refused(host, [image, "--mac=03:00:00:00:00:01"], "no address that the image can take")
        refused(host, ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", image], "Operation not permitted", "setcap cap_net_raw+ep IMAGE")


def tests(context):
    for name, options in PROFILES.items():
        yield f"tap/{name}", lambda options=options: tap(context, options)
        yield f"packet/{name}", lambda options=options: packet(context, options)
