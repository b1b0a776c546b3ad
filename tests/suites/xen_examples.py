"""Examples on xen that no other suite starts there, and the conformance programs, as domains of one real Xen; suites xen and xen_life have the others."""

import contextlib
import os
import re
import socket
import tempfile

import harness
from lib import xen
from lib.network import Program, answer
from lib.project import Project, expect, free_port

SECONDS = 1500  # the C library may have to be compiled; Xen and dom0 are downloaded once
SECONDS_LONG = 3000

PRINTS = ("two-ways", "outside")  # and end; the same as on posix
PRINTS_LONG = ("squeeze",)
SERVICES = ("echo", "discard", "chargen", "bench-net")
NAMES = {"localhost": (0, ["::1", "127.0.0.1"]), "two.test": (0, ["2001:db8::2", "192.0.2.2"]), "none.test": (1, ["none.test: no such name, or no such address"])}  # status, lines
FORWARDS = [("tcp", "echo", 7007), ("udp", "echo", 7007), ("tcp", "discard", 7009), ("tcp", "chargen", 7019), ("tcp", "bench-net", 5009), ("tcp", "bench-net", 5019)]

SCRIPT = r"""
patiently() { # NAME: until it has ended, which may take a while
	create $1
	for try in $(seq @PATIENCE@); do await_end $1; done
	report $1
}
bridge
truncate -s 1M /tmp/disk.img
"""


def network(number):
    """The interface of the n-th domain."""
    return f"vif=['mac=00:16:3e:00:01:{number:02x},bridge=br0']"


def posix_output(context, example):
    with Project(context) as p:
        p.copy(f"examples/{example}")
        p.ukc("configure", "--target", "posix")
        return p.ukc("run", "--quiet").out


DISK = "disk=['format=raw,vdev=xvda,access={},target=/tmp/disk.img']"


def conformance(context):
    """{name: (image, words, a line of xl's file, the number of checks)}."""
    sectors = xen.image(context, "sectors", example="tests/conformance/block")
    flow = xen.image(context, "over-tcp", example="tests/conformance/flow", unikernel=["over-tcp"])
    checks = {
        "block": (sectors, "", DISK.format("rw"), 9),
        "read-only": (sectors, "", DISK.format("ro"), 3),
        "flow": (flow, "" if context.long else "--megabytes=1", network(16), 11),
    }
    if context.long:  # some of it waits for whole seconds, and it has a lot to do
        stack = xen.image(context, "conformance", example="tests/conformance/stack", options=["--set", "stack.memory=128MiB"])
        checks["stack"] = (stack, "--megabytes=20 --connections=1000 --together=1000", network(17), 140)
    return checks


def sealed(context):
    """vault's image, with and without its secret."""
    with Project(context) as p:
        p.copy("examples/vault")
        p.write("signing.key", "0123456789abcdef")
        p.ukc("configure", "--target", "xen")
        p.ukc("build", timeout=800)
        p.ukc("seal", "build/xen/vault", "--secret", "signing_key=signing.key", "-o", "sealed")
        return {"vault": p.read("build/xen/vault"), "sealed": p.read("sealed")}


def talk(port, question, size):
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        return answer(s, question, size)


def check_services(ports):
    question = bytes(range(256)) * 2000
    expect(talk(ports["tcp", 7007], question, len(question) + 1) == question, "echo sends all of it back")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        for size in (1, 1400):
            s.sendto(b"y" * size, ("127.0.0.1", ports["udp", 7007]))
            expect(s.recv(65536) == b"y" * size, f"and a datagram of {size} bytes")
    expect(talk(ports["tcp", 7009], b"x" * 500000, 1) == b"", "discard takes all and says nothing")
    text, got = bytes(range(32, 127)) * 3, talk(ports["tcp", 7019], b"", 300000)
    expect(len(got) >= 300000 and got == b"".join(text[k % 95:][:72] + b"\r\n" for k in range(len(got) // 74 + 1))[:len(got)], "chargen sends its lines")
    expect(talk(ports["tcp", 5009], b"x" * 1234567, 9) == b"1234567\n", "bench-net counts what it gets")
    expect(len(talk(ports["tcp", 5019], b"", 1000000)) >= 1000000, "and sends")


def names(port):
    """A server of names on this machine's own address, which is 10.0.0.1 to domains."""
    return Program([harness.need("dnsmasq"), "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces", "--user=",
                    "--pid-file=", "--listen-address=127.0.0.1", f"--port={port}", "--host-record=two.test,192.0.2.2,2001:db8::2", "--local=/test/"])


def services(context):
    images = {"bench-net": xen.image(context, "bench-net", example="bench-net")}
    for name in ("echo", "discard", "chargen"):
        images[name] = xen.image(context, name, example="small-services", unikernel=[name])
    return images


def written(context, checks, port):
    """What dom0 does."""
    script = SCRIPT.replace("@PATIENCE@", "60" if context.long else "3")
    prints = PRINTS + (PRINTS_LONG if context.long else ())
    for name in prints:
        script += f"domain {name} ''\n"
    for name, (_, words, line, _) in checks.items():
        script += f"MEMORY={512 if context.long else 128} configure {name} '{words}' \"{line}\"\npatiently {name}\n"
    if context.long:
        script += "domain vault ''\ndomain sealed '--text=hello'\n"
        for number, name in enumerate(NAMES, 24):
            script += f"KERNEL=lookup domain lookup{number} '--servers=10.0.0.1 --names.port={port} --name={name}' \"{network(number)}\"\n"
        for number, name in enumerate(SERVICES, 32):
            address = f"--stack.address=10.0.0.{number}/24 --stack.address6=fd00::{number}/64"
            script += f"configure {name} '{address}' \"{network(number)}\"\ncreate {name}; await_addresses {name}\n"
        script += "echo served\nread word\n"
        script += "".join(f"timeout 20 xl shutdown {name}; await_end {name}; report {name}\n" for name in SERVICES)
    return script


def examples(context):
    checks = conformance(context)
    prints = PRINTS + (PRINTS_LONG if context.long else ())
    outputs = {name: posix_output(context, name) for name in prints}
    images = {name: xen.image(context, name, example=name) for name in prints}
    images |= {name: image for name, (image, *_) in checks.items()}
    if context.long:
        images |= sealed(context) | services(context) | {"lookup": xen.image(context, "lookup", example="lookup")}
    ports = {(kind, to): free_port() for kind, _, to in FORWARDS}
    addresses = {name: f"10.0.0.{number}" for number, name in enumerate(SERVICES, 32)}
    forwards = [f"hostfwd={kind}:127.0.0.1:{ports[kind, to]}-{addresses[name]}:{to}" for kind, name, to in FORWARDS]
    options = ["-netdev", ",".join(["user", "id=n0", "net=10.0.0.0/24", "host=10.0.0.1", *forwards]), "-device", "e1000,netdev=n0"]
    memory, timeout, port = 2048 if context.long else xen.MEMORY, 2400 if context.long else 800, free_port()
    with tempfile.TemporaryDirectory() as d, contextlib.ExitStack() as stack:
        if context.long:
            stack.enter_context(names(port))
        with xen.Machine(context, images, written(context, checks, port), d, options, memory, timeout) as machine:
            if context.long:
                machine.wait_for("served")
                check_services(ports)
                machine.tell("done")
            said, log = machine.finish()
    found = xen.domains(said)
    for name, wanted in outputs.items():
        expect(name in found and found[name].status == 0, f"{name} ends well", said, log)
        harness.equal(wanted, found[name].text, f"{name} prints what it prints on posix")
    for name, (*_, count) in checks.items():
        check_conformance(found.get(name), count, said, log)
    if context.long:
        check_long(found, said, log)


def check_conformance(domain, count, said, log):
    expect(domain, "it ran", said, log)
    lines = domain.text.splitlines()
    good = sum(line.startswith("ok ") for line in lines)
    expect(domain.status == 0, "every check holds", "\n".join(line for line in lines if not line.startswith("ok ")), log)
    expect(f"{good} passed, 0 failed" in lines and good >= count, f"and all were run: {count} at least", domain)


def check_long(found, said, log):
    vault, with_secret = found.get("vault"), found.get("sealed")
    expect(vault and vault.status not in (None, 0) and "the secret 'signing_key' is not in this image" in vault.text, "without its secret vault says so", said, log)
    expect(with_secret and with_secret.status == 0 and with_secret.text == "95a3a242a9dd85d1\n", "with it, it signs as on posix", said, log)
    for number, (name, (status, lines)) in enumerate(NAMES.items(), 24):
        lookup = found.get(f"lookup{number}")
        expect(lookup and lookup.status == status and set(lines) <= set(lookup.text.splitlines()), f"{name} is looked up", said, log)
    for name in SERVICES:
        expect(name in found and found[name].status == 0, f"{name} stops when it is told", said, log)
    expect(re.search(r"received from \S+: 1234567 bytes in [\d.]+ s, [\d.]+ Mbit/s", found["bench-net"].text), "it says what it reached", found["bench-net"])


def covered(context):
    """Every example is on xen somewhere: here, or in the two suites beside it."""
    others = {"hello", "rng", "homepage", "counter", "two-networks"}
    here = {*PRINTS, *PRINTS_LONG, "vault", "lookup", "small-services", "bench-net"}
    top = context.root / "examples"
    expect({name for name in os.listdir(top) if (top / name / "ukc.lua").exists()} == others | here, "a new example has a place in a suite of xen", others | here)


def tests(context):
    if context.long:  # two minutes: what a default run can spare goes to xen and xen_life
        yield "examples", lambda: examples(context)
    yield "covered", lambda: covered(context)
