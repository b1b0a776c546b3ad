"""Examples that no suite of their own looks at: rng notices broken sources, bench-net counts what arrives."""

import errno
import re
import socket
import threading

from lib.network import Network, Program, need_tun
from lib.project import Project, expect, free_port

SECONDS = 300

BROKEN = """
return implementation "broken" {
  version = "1.0", licence = "ISC", origin = "test", doc = "random bytes that are not",
  provides = sig.random,
  sources  = { "broken.c" },
  keys     = { kind = key.string { default = "", phase = "boot", doc = "how" } },
}
"""

BROKEN_C = r"""
#include "broken.h"
#include "keys.h"
#include <stdint.h>
#include <string.h>

static uint64_t state = 1, number;

/* splitmix64: good enough to pass, if nothing is done to it */
static uint64_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static int is(const char *kind)
{
    return strcmp(KEY_KIND, kind) == 0;
}

void broken_fill(void *bytes, size_t size)
{
    unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++, number++) {
        uint64_t word = next();
        at[i] = (unsigned char)word;
        if (is("stuck"))
            at[i] = 0x5a;
        if (is("counts"))
            at[i] = (unsigned char)number;
        if (is("ones") && (word >> 8) % 64 == 0)
            at[i] |= 15;
        if (is("often") && (word >> 8) % 16 == 0)
            at[i] = 0x55;
        if (is("pair") && (word >> 8) % 16 == 0)
            at[i] = word >> 20 & 1 ? 0x0f : 0xf0;
        if (is("sometimes") && number % 100000 >= 99990)
            at[i] = 7;
    }
}
"""

BROKEN_H = "#include <stddef.h>\nvoid broken_fill(void *bytes, size_t size);\n"

FINDINGS = {
    "stuck": "not random: 262144 equal bytes in a row",
    "counts": "not random: all values come equally often (chi-square 0)",
    "ones": r"not random: \d+ of 2097152 bits are ones",
    "often": r"not random: the same byte \d+ times among 512",
    "pair": r"not random: (some values come too often|the same byte \d+ times)",
    "sometimes": "not random: 10 equal bytes in a row",
}


def rng(context):
    with Project(context) as p:
        p.copy("examples/rng")
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--sanitize")
        image = p.file(p.ukc("build", "--json").json["image"])
        seen = set()
        for _ in range(3):
            lines = p.run(image, "--bytes=33").out.splitlines()
            expect(len(lines) == 3 and re.fullmatch(r"looked at 262144 bytes: at most [2-7] equal in a row, chi-square \d+", lines[0]), "it has looked", lines)
            expect(re.fullmatch("[0-9a-f]{64}", lines[1]) and re.fullmatch("[0-9a-f]{2}", lines[2]), "so many bytes are printed", lines)
            seen.add(lines[1])
        expect(len(seen) == 3, "they are others each time", seen)


def rng_broken(context):
    with Project(context) as p:
        p.copy("examples/rng")
        p.write("broken/ukc.lua", BROKEN)
        p.write("broken/broken.c", BROKEN_C)
        p.write("broken/broken.h", BROKEN_H)
        manifest = p.read("ukc.lua").decode()
        p.write("ukc.lua", 'use "broken"\n' + manifest.replace("keys     = {", 'choose   = { random = "broken" },\n  keys     = {', 1))
        p.ukc("configure", "--target", "posix")
        image = p.file(p.ukc("build", "--json").json["image"])
        r = p.run(image, "--bytes=1")
        expect(len(r.out.splitlines()) == 2, "what is not broken passes", r)
        for kind, words in FINDINGS.items():
            r = p.run(image, f"--random.kind={kind}", status=1)
            expect(re.match(words.replace("(chi-square 0)", r"\(chi-square 0\)"), r.out), f"{kind}: it says what is wrong", r)
            expect(len(r.out.splitlines()) == 1, f"{kind}: no byte is printed", r)


RESULT = r"(to|from) (\S+): (\d+) bytes in ([\d.]+) s, ([\d.]+) Mbit/s"


def check_results(r, address):
    """Both directions, and that figures agree with one another."""
    found = re.findall(RESULT, r.out)
    expect([way for way, *_ in found] == ["to", "from"], "both directions are measured", r)
    for way, peer, size, seconds, rate in found:
        expect(peer == address and int(size) > 1000000 and 1 <= float(seconds) < 5, f"{way}: much has arrived, in about a second", r)
        expect(abs(int(size) * 8 / float(seconds) / 1e6 / float(rate) - 1) < 0.02, f"{way}: the rate is that of bytes and seconds", r)


def by_hand(p, connect, server):
    """Without the other image."""
    with connect(5009) as s:
        s.sendall(b"x" * 1234567)
        s.shutdown(socket.SHUT_WR)
        expect(s.recv(100) == b"1234567\n" and s.recv(100) == b"", "discard says how much it has read")
    server.wait_for("received from")
    expect(re.search(r"received from \S+: 1234567 bytes in [\d.]+ s, [\d.]+ Mbit/s\n", server.output), "so does the image", server.output)
    with connect(5019) as s:
        s.shutdown(socket.SHUT_WR)
        got = 0
        while got < 3000000:
            got += len(s.recv(65536))
    server.wait_for("sent to")


def bench_net_host(context):
    with Project(context) as p:
        p.copy("examples/bench-net")
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--sanitize")
        image = p.file(p.ukc("build", "--json").json["image"])
        ports = free_port(), free_port()
        options = [f"--discard={ports[0]}", f"--chargen={ports[1]}"]
        r = p.run(image, "--server=127.0.0.1", *options, status=1)
        expect(r.out == f"bench-net: cannot connect to port {ports[0]}: Connection refused\n", "nobody serves", r)
        with Program([image, *options], env=p.environment) as server:
            server.wait_for("sends")
            by_hand(p, lambda port: socket.create_connection(("127.0.0.1", ports[port == 5019]), 20), server)
            for key, address in (("server", "127.0.0.1"), ("server6", "::1")):
                check_results(p.run(image, f"--{key}={address}", "--seconds=1", *options), address)
            r = p.run(image, *options, status=1)
            expect(f"cannot listen on port {ports[0]}" in r.out, "ports that are taken are named", r)
            expect(server.stop() == 0, "SIGTERM ends it with status 0", server.output)


def bench_net_native(context):
    need_tun()
    with Network() as net, Project(context) as p:
        host = net.namespace("host")
        p.copy("examples/bench-net")
        images = {}
        for stack in ("host", "native"):
            p.ukc("configure", "--target", "posix", "--set", f"net={stack}")
            p.run("cp", p.file(p.ukc("build", "--json").json["image"]), p.file(stack))
            images[stack] = p.file(stack)
        with host.start(images["native"]) as server:
            for address in ("10.0.0.2", "fd00::2"):
                host.wait_for_port(address, 5019, server)
            by_hand(p, lambda port: host.connect("10.0.0.2", port, 20), server)
            for key, address in (("server", "10.0.0.2"), ("server6", "fd00::2")):
                check_results(host.run(images["host"], f"--{key}={address}", "--seconds=1"), address)
            expect(server.stop() == 0, "SIGTERM ends it with status 0", server.output)
        with host.start(images["host"]) as server:
            server.wait_for("sends")
            check_results(host.run(images["native"], "--server=10.0.0.1", "--seconds=1"), "10.0.0.1")


def answer(connection):
    """Everything back, after its end."""
    got = bytearray()
    while piece := connection.recv(65536):
        got += piece
    connection.sendall(got)
    connection.close()


def two_networks(context, options):
    need_tun()
    with Network() as net, Project(context) as p:
        host = net.namespace("host")
        p.copy("examples/two-networks")
        p.ukc("configure", "--target", "posix", "--set", "net=native", *options)
        image = p.file(p.ukc("build", "--json", timeout=250).json["image"])
        with host.start(image) as relay:
            for tap in ("tap0", "tap1"):
                host.wait_for_device(tap, relay)
            for address in ("10.0.0.2", "fd00::2", "10.0.1.2", "fd00:0:0:1::2"):
                host.wait_for_ping(address, relay)
            expect(reset(host, "10.0.0.2"), "without a server the connection is reset")
            relay.wait_for("cannot connect to 10.0.1.1: Connection refused")
            with host.socket() as client:
                expect(client.connect_ex(("10.0.1.2", 8080)) == errno.ECONNREFUSED, "nobody listens at the back")
            with host.socket() as server:
                server.bind(("10.0.1.1", 8080))
                server.listen()
                server.settimeout(20)
                for size in (0, 1, 3_000_000):
                    client, sent = host.connect("10.0.0.2", 8080, 60), bytes(size // 2) + b"x" * (size - size // 2)
                    with client, server.accept()[0] as connection:
                        connection.settimeout(60)
                        expect(connection.getpeername()[0] == "10.0.1.2", "the server sees the back's address", connection.getpeername())
                        thread = threading.Thread(target=answer, args=(connection,))
                        thread.start()
                        client.sendall(sent)
                        client.shutdown(socket.SHUT_WR)
                        got = bytearray()
                        while piece := client.recv(65536):
                            got += piece
                        thread.join()
                        expect(got == sent, f"{size} bytes go there, and come back after their end", len(got))
                with host.connect("10.0.0.2", 8080, 60), server.accept()[0]:
                    expect(relay.stop() == 0, "SIGTERM ends it with status 0", relay.output)
            expect("ERROR" not in relay.output and "runtime error" not in relay.output, "no sanitizer complains", relay.output)


def reset(host, address):
    """Whether a connection is reset by the peer, who may do so before connect() has returned."""
    try:
        with host.connect(address, 8080) as client:
            return client.recv(10) is None
    except ConnectionResetError:
        return True


def tests(context):
    yield "two-networks/release", lambda: two_networks(context, [])
    if context.long:
        yield "two-networks/sanitized", lambda: two_networks(context, ["--profile", "dev", "--sanitize"])
    yield "rng", lambda: rng(context)
    yield "rng/broken", lambda: rng_broken(context)
    yield "bench-net/host", lambda: bench_net_host(context)
    yield "bench-net/native", lambda: bench_net_native(context)
