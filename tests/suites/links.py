"""Images on links that are not good: a seeded relay that loses, delays, reorders and repeats; small and large frames; routers with a smaller MTU.

The peer is the kernel of this machine, unmodified, and curl and netcat over it.
"""

import contextlib
import os
import re

import harness
from lib import images
from lib.images import ADDRESSES, IPV4, PORTS, url
from lib.network import Network, need_tun, wait_until
from lib.project import Project, expect

SECONDS = 900
SEED = 20261121


def image(context, name):
    return images.homepage(context) if name == "homepage" else images.service(context, name)


def check_end(program):
    expect(program.stop() == 0, "SIGTERM ends it with status 0", program.output)
    expect("ERROR" not in program.output and "runtime error" not in program.output, "no sanitizer complains", program.output)


# ---- transfers that run at the same time ----


class Transfers:
    """Programs of a peer; wait() fails unless all of them end in time and what they moved is whole."""

    def __init__(self, stack, host, project, seconds):
        self.stack, self.host, self.project, self.seconds = stack, host, project, seconds
        self.started = []

    def start(self, what, *argv, check=lambda: True):
        self.started.append((what, self.stack.enter_context(self.host.start("timeout", self.seconds, *argv)), check))

    def file(self):
        return self.project.file(f"{self.host.name}-{len(self.started)}")

    def curl(self, *words):
        return [harness.need("curl"), "-sSf", "--connect-timeout", self.seconds, *words]

    def download(self, address, file):
        path, size = self.file(), images.FILES[file]
        self.start(f"a download of {size} bytes from {address}", *self.curl("-o", path, url(address, "/" + file)),
                   check=lambda: contents(path) == images.noise(size))

    def echo(self, address, size):
        """The same bytes in both directions at once."""
        path = self.file()
        with open(path, "wb") as f:
            f.write(images.noise(size))
        self.start(f"{size} bytes to {address} and back", "sh", "-c", f"{harness.need('nc')} -N {address} {PORTS['echo']} <{path} | cmp - {path}")

    def requests(self, address, count):
        """Connections that are used once, twenty at the same time."""
        path = self.file()
        urls = [word for _ in range(count) for word in ("-o", "/dev/null", url(address, "/1k"))]
        self.start(f"{count} connections to {address}", "sh", "-c", 'out=$1; shift; "$@" >$out', "sh", path,
                   *self.curl("-Z", "--parallel-immediate", "--parallel-max", 20, "-H", "Connection: close", "-w", "%{http_code} %{size_download}\n", *urls),
                   check=lambda: contents(path) == b"200 1024\n" * count)

    def some(self, name, amount="2m", addresses=ADDRESSES):
        """A download as large as the file, as many bytes sent and received, and connections."""
        for address in addresses:
            if name == "homepage":
                self.download(address, amount)
                self.requests(address, 100)
            else:
                self.echo(address, images.FILES[amount] // 2)

    def wait(self):
        for what, program, check in self.started:
            status = program.wait(self.seconds + 10)
            expect(status == 0, f"{what}: " + (f"not within {self.seconds} s" if status == 124 else f"status {status}"), program.output)
            expect(check(), f"{what}: not whole", program.output)


def contents(path):
    with open(path, "rb") as f:
        return f.read()


# ---- the relay ----

# Options of test-relay, for each direction, what has to have happened, and how much is sent.
LINKS = {
    "all": ("--loss 2 --delay 50 --jitter 10 --reorder 5 --duplicate 3", "duplicated", "500k"),
}
LONG_LINKS = {
    "queue": ("--rate 20 --delay 20", "sent", "2m"),
    "reorder": ("--reorder 10 --delay 20 --jitter 5", "reordered", "2m"),
    "duplicate": ("--duplicate 3 --loss 1 --delay 10", "duplicated", "2m"),
    "loss-10": ("--loss 10 --delay 2", "lost", "500k"),
    "loss-1": ("--loss 1 --delay 50", "lost", "2m"),
    "loss-1-far": ("--loss 1 --delay 100", "lost", "8m"),
    "loss-3-far": ("--loss 3 --delay 100 --reorder 3 --duplicate 3", "lost", "8m"),
    "loss-10-far": ("--loss 10 --delay 50", "lost", "2m"),
}


class Behind:
    """An image on tap0 of one namespace, and a peer in another: all that goes between them goes through the relay."""

    def __init__(self, context, net, stack, name, options):
        self.name, self.near, self.peer = name, net.namespace(f"near-{name}"), net.namespace(f"peer-{name}")
        self.server = stack.enter_context(self.near.start(image(context, name), "--configure=false", "--offload=false"))
        wait_until(lambda: self.near.device("tap0"), "tap0", program=self.server)
        self.near.sysctl("net/ipv6/conf/tap0/disable_ipv6", 1)
        self.near.ip("link set tap0 up")
        self.relay = stack.enter_context(self.near.start(context.build / "tests/relay/test-relay", *options.split(), "tap0", "far"))
        self.relay.wait_for("ready")
        with self.peer.entered():
            self.near.ip(f"link set far netns /proc/{os.getpid()}/ns/net")
        self.peer.address("far", "10.0.0.1/24", "fd00::1/64")

    def end(self, happened):
        check_end(self.server)
        expect(self.relay.stop() == 0, "the relay ends", self.relay.output)
        counts = [int(n) for n in re.findall(rf"(\d+) {happened}", self.relay.output)]
        expect(len(counts) == 2 and min(counts) > 0, f"in both directions some were {happened}", self.relay.output)


def check_relay(context, options, happened, amount):
    need_tun()
    with Network() as net, Project(context) as p, contextlib.ExitStack() as stack:
        links = [Behind(context, net, stack, name, f"--seed {SEED} {options}") for name in ("homepage", "echo")]
        transfers = [Transfers(stack, link.peer, p, 600 if context.long else 100) for link in links]
        for link, t in zip(links, transfers):
            for address in ADDRESSES:
                link.peer.wait_for_port(address, PORTS[link.name], link.server, seconds=60)
            t.some(link.name, amount)
        for t in transfers:
            t.wait()
        for link in links:
            link.end(happened)


# ---- MTU ----


def check_pings(host, address, sizes):
    for size in sizes:
        r = host.run(harness.need("ping"), "-n", "-c3", "-i0.02", "-W3", f"-s{size}", address, status=None)
        expect(r.status == 0 and " 0% packet loss" in r.out, f"{address} answers every echo request with {size} bytes", r)


def check_mtu(context, mtu):
    """The same MTU at both ends of the link."""
    need_tun()
    with Network() as net, Project(context) as p, contextlib.ExitStack() as stack:
        for name in ("homepage", "echo"):
            host = net.namespace(name)
            with host.start(image(context, name), f"--mtu={mtu}", "--offload=false") as server:
                usable = ADDRESSES if mtu >= 1280 else [IPV4]  # RFC 8200, section 5
                for address in usable:
                    host.wait_for_port(address, PORTS[name], server)
                    headers = 28 if address == IPV4 else 48
                    check_pings(host, address, (0, mtu - headers, mtu - headers + 1, 2 * mtu, 8000))
                t = Transfers(stack, host, p, 60)
                t.some(name, addresses=usable)
                t.wait()
                check_end(server)


def check_path(context, mtu):
    """Between two networks with ordinary frames lies one with small ones, whose routers say so."""
    need_tun()
    with Network() as net, Project(context) as p, contextlib.ExitStack() as stack:
        for name in ("homepage", "echo"):
            host, router, client = (net.namespace(f"{n}-{name}") for n in ("host", "router", "client"))
            host.veth("narrow", router, "narrow", mtu=mtu)
            router.veth("wide", client, "wide")
            usable = ADDRESSES if mtu >= 1280 else [IPV4]
            v6 = (lambda prefix: [prefix]) if mtu >= 1280 else (lambda prefix: [])
            host.address("narrow", "10.1.0.1/24", *v6("fd01::1/64"))
            router.address("narrow", "10.1.0.2/24", *v6("fd01::2/64"))
            router.address("wide", "10.2.0.1/24", "fd02::1/64")
            client.address("wide", "10.2.0.2/24", "fd02::2/64")
            for n in (host, router):
                for setting in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
                    n.sysctl(setting, 1)
            host.ip("route add 10.2.0.0/24 via 10.1.0.2")
            router.ip("route add default via 10.1.0.1")
            client.ip("route add default via 10.2.0.1")
            if mtu >= 1280:
                host.ip("-6 route add fd02::/64 via fd01::2")
                router.ip("-6 route add default via fd01::1")
                client.ip("-6 route add default via fd02::1")
            with host.start(image(context, name), "--offload=false") as server:
                for address in usable:
                    client.wait_for_port(address, PORTS[name], server)
                t = Transfers(stack, client, p, 60)
                t.some(name, addresses=usable)
                t.wait()
                for address in usable:
                    client.run(harness.need("ping"), "-c2", "-i0.05", "-W0.2", "-s1400", address, status=None)  # the first is too big, and lost
                    check_pings(client, address, (1400, 4000))
                check_end(server)


def tests(context):
    for name, link in {**LINKS, **(LONG_LINKS if context.long else {})}.items():
        yield f"relay/{name}", lambda link=link: check_relay(context, *link)
    for mtu in (576, 1280, 1500, 4000, 9000) if context.long else (576, 9000):
        yield f"mtu/{mtu}", lambda mtu=mtu: check_mtu(context, mtu)
    for mtu in (600, 1280, 1400) if context.long else (1280,):
        yield f"path/{mtu}", lambda mtu=mtu: check_path(context, mtu)
