"""The resolver and real name servers: the example lookup asks dnsmasq, and servers of this file that are silent, lie or stammer.

The same checks for the host's stack and for the image's own, over a tap device, with sanitizers as well.
"""

import contextlib
import os
import re
import socket
import struct
import threading
import time

import harness
from lib.network import Network, need_tun
from lib.project import Project, expect

SECONDS = 400
TIMEOUT = 400  # milliseconds, of the image
KEYS = ["--set", f"names.timeout={TIMEOUT}", "--set", "names.tries=2"]
PROFILES = {"release": [], "sanitized": ["--profile", "dev", "--sanitize"]}
A, AAAA = 1, 28

RECORDS = """\
local=/test/
host-record=two.test,192.0.2.2,2001:db8::2
host-record=v4.test,192.0.2.4
host-record=v6.test,2001:db8::6
cname=alias.test,two.test
cname=chain.test,alias.test
""" + "".join(f"host-record=many.test,10.9.{i}.1\n" for i in range(200))


# ---- servers ----

def with_dnsmasq(net, *addresses, options=()):
    records = harness.scratch() / "records"
    records.write_text(RECORDS)
    listen = [f"--listen-address={a}" for a in addresses]
    return net.start(harness.need("dnsmasq"), "--keep-in-foreground", "--log-facility=-", "--log-queries", f"--conf-file={records}", "--no-resolv",
                     "--no-hosts", "--bind-interfaces", "--user=root", "--pid-file=", *listen, *options)


def question_of(query):
    """(id, end of the question, name, type)"""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return query[:2], at + 5, ".".join(labels), struct.unpack("!H", query[at + 1:at + 3])[0]


def answer_to(query, last, identity=None, name=None):
    """An answer with one address, 198.51.100.LAST or 2001:db8:bad::LAST."""
    own, end, _, kind = question_of(query)
    question = query[12:end] if name is None else bytes([len(name)]) + name + query[12 + 1 + query[12]:end]
    data = bytes([198, 51, 100, last]) if kind == A else socket.inet_pton(socket.AF_INET6, f"2001:db8:bad::{last}")
    record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 600, len(data)) + data
    return (identity or own) + b"\x85\x80" + struct.pack("!4H", 1, 1, 0, 0) + question + record


class Server:
    """Answers each query by what `behave(query, send, number)` does, in a thread."""

    def __init__(self, net, address, behave):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.queries, self.socket, self.other = [], net.socket(family, socket.SOCK_DGRAM), net.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.other.bind((address, 0))
        self.behave = behave
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        while True:
            query, client = self.socket.recvfrom(2000)
            if query == b"end":
                return
            self.queries.append((query, client))
            self.behave(self, query, client)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.other.sendto(b"end", self.socket.getsockname())
        self.thread.join(5)
        self.socket.close()
        self.other.close()


def silent(server, query, client):
    pass


def useless(server, query, client):
    server.socket.sendto(query[:2] + b"\x81\x82" + query[4:], client)  # SERVFAIL


def slow(server, query, client):
    time.sleep(TIMEOUT / 2000)
    server.socket.sendto(answer_to(query, 7), client)


def lying(server, query, client):
    """Everything but an answer: wrong id, wrong name, another port, nonsense."""
    number = struct.unpack("!H", query[:2])[0]
    for k in range(1, 4):
        server.socket.sendto(answer_to(query, 66, struct.pack("!H", number ^ k)), client)
    server.socket.sendto(answer_to(query, 66, name=b"other"), client)
    server.other.sendto(answer_to(query, 66), client)
    server.socket.sendto(b"", client)
    server.socket.sendto(query, client)


def lying_first(server, query, client):
    lying(server, query, client)
    time.sleep(0.05)
    server.socket.sendto(answer_to(query, 7), client)


def stammering(server, query, client):
    """Pointers in circles, forwards and nowhere; records that end too early: each is an answer that says nothing."""
    _, end, _, kind = question_of(query)
    head = query[:2] + b"\x85\x80" + struct.pack("!4H", 1, 1, 0, 0) + query[12:end]
    record = struct.pack("!HHIH", kind, 1, 600, 4) + b"\xc6\x33\x64\x42"
    broken = (b"\xc0" + bytes([end]) + record, b"\xc0" + bytes([end + 9]) + record, b"\xff\xff" + record, b"\xc0\x0c" + record[:-1], b"\xc0")
    server.socket.sendto(head + broken[len(server.queries) % len(broken)], client)


# ---- images ----

class Host:
    """The example, built for the host's stack; servers at addresses of the loopback."""

    servers = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    server_v6 = "::1"

    def __init__(self, net):
        self.net = net.namespace("host")
        self.net.ip("addr add fd00::99/128 dev lo nodad")


class Native(Host):
    """The same for the image's own, on a tap device that is there before the image is."""

    servers = ["10.0.0.1", "10.0.0.11", "10.0.0.12"]
    server_v6 = "fd00::1"

    def __init__(self, net):
        self.net = net.namespace("host")
        self.net.ip("tuntap add dev tap0 mode tap")
        self.net.address("tap0", "10.0.0.1/24", "fd00::1/64", "10.0.0.11/24", "10.0.0.12/24")


def look_up(where, image, name, *options, servers=None, status=0):
    """(lines, seconds)"""
    named = [f"--names.servers={','.join(servers)}"] if servers else []
    start = time.monotonic()
    r = where.net.run(image, "--names.log.level=error", f"--name={name}", *named, *options, status=status, timeout=60)
    expect("ERROR" not in r.err and "runtime error" not in r.err, "no sanitizer complains", r)
    lines = [line for line in r.out.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line)]
    return lines, time.monotonic() - start


def check_records(where, image):
    first = where.servers[0]
    with with_dnsmasq(where.net, first, where.server_v6) as server:
        where.net.wait_for_port(first, 53, server)
        for servers in ([first], [where.server_v6]):
            def found(name, *options, status=0):
                return look_up(where, image, name, *options, servers=servers, status=status)[0]
            expect(found("two.test") == ["2001:db8::2", "192.0.2.2"], "both families, IPv6 first")
            expect(found("TWO.Test.", "--family=ipv4") == ["192.0.2.2"], "one family; names have no case")
            expect(found("v4.test") == ["192.0.2.4"] and found("v6.test") == ["2001:db8::6"], "a name with addresses of one family")
            expect(found("chain.test") == ["2001:db8::2", "192.0.2.2"], "an alias of an alias")
            many = found("many.test", "--family=ipv4")
            expect(len(set(many)) == 16 and all(re.fullmatch(r"10\.9\.\d+\.1", a) for a in many), "200 addresses need TCP", many)
        for name, reason in (("nowhere.test", "no such name, or no such address"), ("no_name.test", "not a name"),
                             ("other.example", "no useful answer")):  # which dnsmasq refuses, as it knows nobody to ask
            lines = found(name, status=1)
            expect(lines == [f"{name}: {reason}"], f"'{reason}'", lines)
        expect(found("v4.test", "--family=ipv6", status=1) == ["v4.test: no such name, or no such address"], "not of this family")
        expect(found("10.1.2.3") == ["10.1.2.3"], "an address is its own")
    with with_dnsmasq(where.net, first) as server:
        where.net.wait_for_port(first, 53, server)
        look_up(where, image, "many.test", "--family=ipv4", servers=[first])
        asked = re.findall(r"query\[(\w+)\] (\S+)", server.output)
        expect(asked == [("A", "many.test")] * 2, "asked by a datagram, then over TCP, and for one family only", server.output)


def check_other_server(where, image):
    """Whatever the first server does, the second one's answer is the one that counts."""
    truth = ["2001:db8::2", "192.0.2.2"]
    one, two, three = where.servers
    with with_dnsmasq(where.net, two) as dnsmasq:
        where.net.wait_for_port(two, 53, dnsmasq)
        for behave, least, most in ((silent, 1, 3), (useless, 0, 1), (lying, 1, 3), (stammering, 0, 1)):
            with Server(where.net, one, behave) as server:
                lines, seconds = look_up(where, image, "two.test", servers=[one, two])
                expect(lines == truth, f"a server that is {behave.__name__}: the next one is asked", lines)
                expect(len(server.queries) == 2, "it was asked first, for both families", server.queries)
                expect(seconds >= least * TIMEOUT / 1000 and seconds < (most * TIMEOUT / 1000) + 2, "in time", seconds)
        with Server(where.net, one, silent) as first, Server(where.net, three, silent) as third:
            lines, _ = look_up(where, image, "two.test", servers=[one, three, two])
            expect(lines == truth and len(first.queries) == len(third.queries) == 2, "the third one", lines)
    with Server(where.net, one, silent) as server:
        lines, _ = look_up(where, image, "two.test", servers=[one], status=1)
        expect(lines == ["two.test: no answer"], "nobody answers", lines)
        expect(len(server.queries) == 4, "two tries for two families", server.queries)
        ports = {client[1] for _, client in server.queries}
        numbers = {query[:2] for query, _ in server.queries}
        expect(len(ports) == 2 and len(numbers) == 4, "each attempt from a port of its own, each query with an id of its own", server.queries)
    lines, seconds = look_up(where, image, "two.test", servers=[three], status=1)
    expect(lines == ["two.test: no answer"] and seconds < 10, "there is no server at all", lines, seconds)


def check_patience(where, image):
    one = where.servers[0]
    for behave in (slow, lying_first):
        with Server(where.net, one, behave) as server:
            lines, _ = look_up(where, image, "some.test", "--family=ipv4", servers=[one])
            expect(lines == ["198.51.100.7"], f"{behave.__name__}: the answer that fits is waited for", lines)
            expect(len(server.queries) == 1, "and nobody is asked again", server.queries)


def check_random(where, image):
    """Ports and numbers of many queries do not repeat, nor follow one another."""
    one = where.servers[0]
    with Server(where.net, one, lambda s, q, c: s.socket.sendto(answer_to(q, 7), c)) as server:
        for _ in range(12):
            look_up(where, image, "some.test", "--family=ipv4", servers=[one])
        ports = [client[1] for _, client in server.queries]
        numbers = [struct.unpack("!H", query[:2])[0] for query, _ in server.queries]
    for values in (ports, numbers):
        steps = {(b - a) % 65536 for a, b in zip(values, values[1:])}
        expect(len(set(values)) >= 11 and len(steps) >= 9, "they are random", values)
    expect(min(ports) >= 32768, "ports are of the upper half", ports)


# ---- servers that the stack knows ----

def check_resolv_conf(p, where, image):
    known, unknown = (0, "2001:db8::2\n192.0.2.2\n"), (1, "two.test: no name server is known\n")
    with with_dnsmasq(where.net, "127.0.0.2", "::1") as server:
        where.net.wait_for_port("127.0.0.2", 53, server)
        for text, (status, output) in {
            "# mine\nsearch test\nnameserver 127.0.0.2\n": known,
            "nameserver ::1\n": known,
            "nameserver 127.0.0.9\nnameserver\t127.0.0.2\n": known,
            "": unknown,
            "nameserver nonsense\n nameserver 127.0.0.2\n": unknown,
        }.items():
            p.write("resolv.conf", text)
            r = where.net.run(image, "--name=two.test", status=status)
            expect(r.out == output, f"with {text!r}", r)


def check_lwip(p, where, image, options):
    """None, those of its keys and of DHCP."""
    lines, _ = look_up(where, image, "two.test", status=1)
    expect(lines == ["two.test: no name server is known"], "nobody to ask, and no wait", lines)
    leases = ["--dhcp-range=10.0.0.50,10.0.0.60,255.255.255.0", "--dhcp-authoritative", f"--dhcp-leasefile={p.file('leases')}"]
    with with_dnsmasq(where.net, "10.0.0.1", options=leases) as server:  # it offers itself as name server
        where.net.wait_for_port("10.0.0.1", 53, server)
        image = built(p, *NATIVE, *options, "--set", "names.stack.ipv4=dhcp", "--set", "names.stack.ipv6=off", "--set", "names.stack.servers=10.0.0.99")
        lines, _ = look_up(where, image, "two.test")
        expect("DHCPACK" in server.output, "an address from DHCP", server.output)
        expect(lines == ["2001:db8::2", "192.0.2.2"], "the first server is not there, the second one came with the address", lines, server.output)


# ---- tests ----

NATIVE = ["--set", "net=native"]


def built(p, *options):
    p.ukc("configure", "--target", "posix", *KEYS, *options)
    return os.path.join(p.path, p.ukc("build", "--json", timeout=600).json["image"])


@contextlib.contextmanager
def checked(context, kind, *options):
    """The checks for either stack; then (project, place, image) for more."""
    with Project(context) as p, Network() as net:
        p.copy("examples/lookup")
        image, where = built(p, *options), kind(net)
        for check in (check_records, check_other_server, check_patience, check_random):
            check(where, image)
        yield p, where, image


def over_host(context, options):
    with checked(context, Host, *options) as (p, where, image):
        image = built(p, *options, "--set", f"names.stack.resolv_conf={p.file('resolv.conf')}")
        check_resolv_conf(p, where, image)


def over_native(context, options):
    need_tun()
    with checked(context, Native, *NATIVE, *options) as (p, where, image):
        check_lwip(p, where, image, options)


def wrong_keys(context):
    with Project(context) as p:
        p.copy("examples/lookup")
        image = built(p)
        for option, text in (("--names.servers=dns.test", "servers: 'dns.test' is not an address"),
                             ("--names.servers=1.1.1.1,1.1.1", "servers: '1.1.1' is not an address"),
                             ("--names.servers=" + ",".join(["::1"] * 9), "servers: more than 8"),
                             ("--names.hosts=a=b", "hosts: 'a=b' is not name=address")):
            r = p.run(image, option, status=1)
            expect(text in r.out + r.err and "names did not start" in r.err, f"it says '{text}'", r)
        r = p.run(image, "--names.hosts=printer.test=10.0.0.9,Printer.test=fd00::9", "--name=printer.test")
        expect(r.out == "fd00::9\n10.0.0.9\n", "hosts that are known without asking", r)


def tests(context):
    for profile, options in PROFILES.items():
        yield f"host/{profile}", lambda options=options: over_host(context, options)
        if profile == "sanitized" or context.long:
            yield f"native/{profile}", lambda options=options: over_native(context, options)
    yield "keys", lambda: wrong_keys(context)
