"""Every example on kvm as it is: on q35 (PCI) and microvm (mmio), over IPv4 and IPv6, with the same answers as on posix."""

import contextlib
import os
import re
import socket

import harness
from lib import machine as kvm
from lib.machine import IPV4, IPV6, MACHINES
from lib.network import Network, answer, need_tun
from lib.project import Project, expect

SECONDS = 900  # the C library may have to be compiled
ADDRESSES = (IPV4, IPV6)
PORT = 8080
LARGEST_HOMEPAGE = 200_000


# ---- programs that end by themselves ----


def same_output(context, example, prepare=lambda p: None):
    """What it prints on posix it prints on both machines."""
    with Project(context) as p:
        p.copy(f"examples/{example}")
        prepare(p)
        p.ukc("configure", "--target", "posix")
        expected = p.ukc("run", "--quiet").out
        expect(expected, f"{example} prints something on posix")
        kvm.build(p)
        for machine in MACHINES:
            r = kvm.run(p, machine)
            harness.equal(expected, r.out, f"{example} on {machine}")


def rng(context):
    with Project(context) as p:
        p.copy("examples/rng")
        kvm.build(p)
        seen = set()
        for machine in (*MACHINES, *MACHINES):
            lines = kvm.run(p, machine, "--bytes=33").out.splitlines()
            expect(len(lines) == 3 and re.fullmatch(r"looked at 262144 bytes: at most [2-7] equal in a row, chi-square \d+", lines[0]), "it has looked", lines)
            expect(re.fullmatch("[0-9a-f]{64}", lines[1]), "bytes are printed", lines)
            seen.add(lines[1])
        expect(len(seen) == 2 * len(MACHINES), "they are others each time", seen)


# ---- programs with a network ----


def lookup(context):
    """A name server on the host's end."""
    need_tun()
    with Network() as net, Project(context) as p:
        host = kvm.bridged(net)
        p.copy("examples/lookup")
        kvm.build(p, options=["--set", f"names.stack.servers={kvm.HOST4}"])
        records = ["--host-record=two.test,192.0.2.2,2001:db8::2", "--local=/test/"]
        with host.start(harness.need("dnsmasq"), "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                        "--bind-interfaces", "--user=root", "--pid-file=", f"--listen-address={kvm.HOST4}", *records) as server:
            server.wait_for("started")
            for machine in MACHINES:
                for name, status, words in (("two.test", 0, "192.0.2.2\n"), ("two.test", 0, "2001:db8::2\n"), ("none.test", 1, "none.test: no such name")):
                    r = host.run(*kvm.command(p, machine, arguments=[f"--name={name}"]), status=status, directory=p.path, environment=p.environment)
                    expect(words in r.out.replace("\r", ""), f"{name} is looked up on {machine}", r)


def talk(host, address, port, question, size):
    with host.connect(address, port, 20) as s:
        return answer(s, question, size)


def service_echo(host, address, _):
    question = bytes(range(256)) * 2000
    expect(talk(host, address, 7007, question, len(question) + 1) == question, f"echo at {address} sends all of it back")
    with host.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        for size in (0, 1, 1400, 20000):
            s.sendto(b"y" * size, (address, 7007))
            expect(s.recv(65536) == b"y" * size, f"and a datagram of {size} bytes")


def service_discard(host, address, _):
    expect(talk(host, address, 7009, b"x" * 500000, 1) == b"", f"discard at {address} takes all and says nothing")


def service_chargen(host, address, _):
    got = talk(host, address, 7019, b"", 300000)
    text = bytes(range(32, 127)) * 3
    expect(got == b"".join(text[k % 95:][:72] + b"\r\n" for k in range(len(got) // 74 + 1))[:len(got)] and len(got) >= 300000,
           f"chargen at {address} sends its lines")


def service_bench_net(host, address, server):
    expect(talk(host, address, 5009, b"x" * 1234567, 9) == b"1234567\n", f"discard at {address} counts what it gets")
    expect(len(talk(host, address, 5019, b"", 1000000)) >= 1000000, f"chargen at {address} sends")
    server.wait_for(f"sent to {kvm.HOST6 if ':' in address else kvm.HOST4}")
    expect(re.search(r"received from \S+: 1234567 bytes in [\d.]+ s, [\d.]+ Mbit/s", server.output), "it says what it reached", server.output)


def service_counter(host, address, _):
    def ask(method, path):
        r = host.run(harness.need("curl"), "-sS", "--max-time", "30", "-X", method, f"http://{f'[{address}]' if ':' in address else address}:{PORT}/{path}")
        return r.out

    path = "six" if ":" in address else "four"
    expect([ask(*q) for q in (("GET", path), ("POST", path), ("POST", path), ("GET", path), ("DELETE", path), ("GET", path))]
           == ["0\n", "1\n", "2\n", "2\n", "", "0\n"], f"it counts at {address}")


SERVICES = {
    "echo": ("small-services", "echo", 7007, service_echo),
    "discard": ("small-services", "discard", 7009, service_discard),
    "chargen": ("small-services", "chargen", 7019, service_chargen),
    "bench-net": ("bench-net", None, 5019, service_bench_net),
    "counter": ("counter", None, PORT, service_counter),
}


def service(context, name):
    need_tun()
    example, word, port, check = SERVICES[name]
    with Network() as net, Project(context) as p:
        host = kvm.bridged(net)
        words = [word] if word else []
        p.copy(f"examples/{example}")
        kvm.build(p, *words)
        disk = "disk" if name == "counter" else None
        if disk:
            p.write(disk, bytes(1 << 20))
        for machine in MACHINES:
            # no whole number of large pages: all of it is used
            with kvm.machine(p, machine, host, words=words, memory="16000K", block=disk) as server:
                for address in ADDRESSES:
                    host.wait_for_port(address, port, server, 30)
                    check(host, address, server)


def two_networks(context):
    """Two cards, each with a stack of its own: a connection from one network reaches a server in the other."""
    need_tun()
    with Network() as net, Project(context) as p:
        host = net.namespace("host")
        kvm.built(context, p, "two-networks")
        for tap, prefix in (("tap0", "10.0.0.1/24"), ("tap1", "10.0.1.1/24")):
            host.ip(f"tuntap add mode tap dev {tap}")
            host.address(tap, prefix)
        for machine in MACHINES:
            argv = [*kvm.command(p, machine, tap=False), "--tap", "tap0", "--tap", "tap1"]
            argv.remove("--")
            with host.start(*argv, directory=p.path, environment=p.environment) as relay:
                for address in ("10.0.0.2", "10.0.1.2"):
                    host.wait_for_ping(address, relay)
                with host.socket() as server:
                    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    server.bind(("10.0.1.1", PORT))
                    server.listen()
                    server.settimeout(20)
                    with host.connect("10.0.0.2", PORT, 60) as client, server.accept()[0] as connection:
                        expect(connection.getpeername()[0] == "10.0.1.2", f"{machine}: the server sees the back's address", connection.getpeername())
                        connection.settimeout(20)
                        client.sendall(b"there")
                        expect(connection.recv(5, socket.MSG_WAITALL) == b"there", f"{machine}: there")
                        connection.sendall(b"back")
                        expect(client.recv(4, socket.MSG_WAITALL) == b"back", f"{machine}: and back")
                expect(relay.stop(seconds=20) == 0, f"{machine}: the power button ends it with status 0", relay.output)
                expect("front: address 10.0.0.2/24" in relay.output and "back: address 10.0.1.2/24" in relay.output, f"{machine}: the log tells the stacks apart", relay.output)


# ---- HTTP, byte for byte ----

HEAD = b"Host: example.org\r\nConnection: close\r\n"
EXCHANGES = {
    "a page": b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "its head": b"HEAD / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a page that is compressed": b"GET / HTTP/1.1\r\n" + HEAD + b"Accept-Encoding: gzip, zstd\r\n\r\n",
    "a page that is not there": b"GET /none HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a folder without its slash": b"GET /docs HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a part": b"GET /large HTTP/1.1\r\n" + HEAD + b"Range: bytes=100000-100999\r\n\r\n",
    "two parts": b"GET /large HTTP/1.1\r\n" + HEAD + b"Range: bytes=1-2,70000-70010\r\n\r\n",
    "a part beyond the end": b"GET /large HTTP/1.1\r\n" + HEAD + b"Range: bytes=99999999-\r\n\r\n",
    "a large page": b"GET /large HTTP/1.1\r\n" + HEAD + b"\r\n",
    "unchanged": b"GET /style.css HTTP/1.1\r\n" + HEAD + b"If-None-Match: *\r\n\r\n",
    "a method that there is not": b"BREW / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a method that is refused": b"DELETE / HTTP/1.1\r\n" + HEAD + b"\r\n",
    "HTTP/1.0": b"GET /style.css HTTP/1.0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a body in chunks": b"POST / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "a target that is too long": b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a head that is too long": b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"b" * 9000 + b"\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    "many in a row": b"".join(b"GET %s HTTP/1.1\r\nHost: example.org\r\n%s\r\n" % (path, b"Connection: close\r\n" if path == b"/last" else b"")
                              for path in (b"/", b"/style.css", b"/docs/", b"/none", b"/last")),
}


def responses(host, address):
    """By name: all that comes until the server ends the connection. Only the date may differ, and what separates parts, which is random."""
    found = {}
    for name, question in EXCHANGES.items():
        with host.connect(address, PORT, 20) as s:
            s.sendall(question)
            got = b""
            while part := s.recv(65536):
                got += part
        got = re.sub(rb"(?m)^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r$", b"Date: then\r", got)
        found[name] = re.sub(rb"\bpart[0-9a-f]{16}\b", b"part", got)
    return found


def prepare(p):
    p.copy("examples/homepage")
    p.write("htdocs/large", b"".join(b"%07d\n" % i for i in range(50000)))


def compare(expected, got, where):
    for name in EXCHANGES:
        expect(expected[name] == got[name], f"{where}, {name}: the response is that of posix, net=host", expected[name][:1000], got[name][:1000])


def http(context):
    need_tun()
    with Network() as net, Project(context) as p:
        prepare(p)
        p.ukc("configure", "--target", "posix")
        images = {}
        for stack in ("host", "native"):
            p.ukc("configure", "--target", "posix", "--set", f"net={stack}")
            p.run("cp", p.file(p.ukc("build", "--json").json["image"]), p.file(stack))
            images[stack] = p.file(stack)
        host = net.namespace("posix")
        with host.start(images["host"]) as server:
            host.wait_for_port("127.0.0.1", PORT, server)
            expected = responses(host, "127.0.0.1")
            compare(expected, responses(host, "::1"), "posix, net=host, IPv6")
        expect(len({r.split(b"\r\n")[0] for r in expected.values()}) >= 9, "there are responses of many kinds", expected)
        with host.start(images["native"]) as server:
            for address in ADDRESSES:
                host.wait_for_port(address, PORT, server)
                compare(expected, responses(host, address), f"posix, net=native, {address}")
        host = kvm.bridged(net)
        kvm.build(p)
        for machine in MACHINES if context.long else MACHINES[1:]:
            with kvm.machine(p, machine, host) as server:
                for address in ADDRESSES:
                    host.wait_for_port(address, PORT, server, 30)
                    compare(expected, responses(host, address), f"kvm, {machine}, {address}")


def little(context):
    """The image's bytes, and that a small machine does for eight connections at once, also with forty that are silent or have sent half of a head."""
    need_tun()
    with Network() as net, Project(context) as p:
        host = kvm.bridged(net)
        p.copy("examples/homepage")
        kvm.build(p)
        size = os.path.getsize(p.file("build/kvm/homepage"))
        expect(size <= LARGEST_HOMEPAGE, f"homepage has at most {LARGEST_HOMEPAGE} bytes", size)
        for machine in MACHINES:
            with kvm.machine(p, machine, host, memory="2M") as server:
                host.wait_for_port(IPV4, PORT, server, 30)
                expect("there is little memory" in server.output, f"{machine}: it says that it has less", server.output)
                sockets = [host.connect(IPV4, PORT, 20) for _ in range(8)]
                for s in sockets:
                    s.sendall(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
                for s in sockets:
                    expect(s.recv(15) == b"HTTP/1.1 200 OK", f"{machine}: eight connections are served with 2 MiB", server.output)
                    s.close()
                for sent in (b"", b"GET / HTTP/1.1\r\nHos"):
                    held = [host.connect(IPV4, PORT, 20) for _ in range(40)]
                    for s in held:
                        with contextlib.suppress(OSError):  # some have been given up
                            s.sendall(sent)
                    with host.connect(IPV4, PORT, 8) as s:
                        s.sendall(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
                        expect(s.recv(15) == b"HTTP/1.1 200 OK", f"{machine}: another is served while forty are held", sent, server.output)
                    for s in held:
                        s.close()


# ---- conformance, inside the guest ----


def all_held(r, checks):
    lines = r.out.replace("\r", "").splitlines()
    good = sum(line.startswith("ok ") for line in lines)
    expect(r.status == 0, "every check holds", "\n".join(line for line in lines if not line.startswith("ok ")), r.err)
    expect(f"{good} passed, 0 failed" in lines and good >= checks, f"and all were run: {checks} at least", r.out)


def conformance(context, folder, machine, words, checks, arguments, *options, memory="256M"):
    """Both ends of each connection are in the image; nobody is on the tap device."""
    need_tun()
    with Network() as net, Project(context) as p:
        host = kvm.bridged(net)
        p.copy(f"tests/conformance/{folder}")
        kvm.build(p, *words, options=options)
        r = host.run(*kvm.command(p, machine, words, memory, arguments=arguments), status=None, timeout=SECONDS - 60, directory=p.path,
                     environment=p.environment)
        all_held(r, checks)


def tests(context):
    counts = ["--megabytes=100", "--connections=3000", "--together=3000"] if context.long else ["--megabytes=20", "--connections=500", "--together=500"]
    room = ["--set", "stack.memory=256MiB"] if context.long else []
    for machine in MACHINES if context.long else MACHINES[:1]:
        yield (f"conformance/stack-{machine}",
               lambda machine=machine: conformance(context, "stack", machine, [], 140, counts, *room, memory="512M" if room else "256M"))
    for machine, family in list(zip(MACHINES, ("ipv6", "ipv4")))[0 if context.long else 1:]:
        yield (f"conformance/flow-{machine}-{family}",
               lambda machine=machine, family=family: conformance(context, "flow", machine, ["over-tcp"], 11, [], "--set", f"flow.family={family}"))
    yield "http", lambda: http(context)
    yield "little", lambda: little(context)
    for example in ("two-ways", "outside") + (("squeeze",) if context.long else ()):  # suite compress has the last in every run
        yield example, lambda example=example: same_output(context, example)
    yield "rng", lambda: rng(context)
    yield "two-networks", lambda: two_networks(context)
    yield "lookup", lambda: lookup(context)
    for name in SERVICES:
        yield name, lambda name=name: service(context, name)
