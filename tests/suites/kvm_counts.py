"""How many instructions kvm images execute: bounds a quarter above what they were when last looked at, which load does not move.

More than a bound: tests/bench/guest/profile.py says where they go. Much less: lower the bound with the change that did it.
"""

import os
import sys
import tempfile
import time

import harness
from lib import machine as kvm
from lib.machine import IPV4, MACHINES, TAP
from lib.network import Network, need_tun, wait_until
from lib.project import Project, expect

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench"))
from guest.qemu import Bench, Counts, Image, entry  # noqa: E402
from network import CLIENT  # noqa: E402

SECONDS = 900  # the C library may have to be compiled
PORT, REQUESTS = 8080, 400

HELLO = {"q35": 2_000, "microvm": 1_900}
HOMEPAGE = 160_000  # bytes, with everything sealed
READY = {"q35": 70_000, "microvm": 75_000}
REQUEST = 9_500  # of a page of 1 KiB, on one connection


def within(what, count, bound):
    expect(0 < count <= bound, f"{what}: {count:,.0f} instructions, {bound:,} at most")


def programs():
    for name in ("qemu-system-x86_64", "cc"):
        harness.need(name)


def hello(context, machine):
    programs()
    with Project(context) as p, tempfile.TemporaryDirectory() as directory:
        kvm.built(context, p, "hello")
        path = p.file("build/kvm/hello")
        status, said, counts = Bench(directory).end(Image(path, events=[f"at={entry(path)}"]), machine)
        expect(status == 33 and "Hello, world." in said, "it says hello", said)
        within(f"hello on {machine}, from its entry to its end", counts.now - counts[1], HELLO[machine])


def homepage(context, machine):
    programs()
    need_tun()
    with Network() as net, Project(context) as p, tempfile.TemporaryDirectory() as directory:
        host = kvm.bridged(net)
        p.copy("examples/homepage")
        p.write("htdocs/1.html", "x" * 1024)
        kvm.build(p)
        path, file = p.file("build/kvm/homepage"), os.path.join(directory, "count")
        expect(os.path.getsize(path) <= HOMEPAGE, f"the image has at most {HOMEPAGE:,} bytes", os.path.getsize(path))
        bench = Bench(directory, host, TAP)
        with bench.start(Image(path, events=[f"at={entry(path)}", "hlt=1"]), machine, count=file) as server:
            wait_until(lambda: os.path.exists(file) and os.path.getsize(file) and Counts(file)[2], "it waits", 60, server)
            counts = Counts(file)
            within(f"homepage on {machine}, from its entry until it waits", counts[2] - counts[1], READY[machine])
            host.wait_for_port(IPV4, PORT, server, 60)
            time.sleep(1)
            marks = []
            for times in (1, 2):  # the difference is requests alone
                before = counts.now
                host.run(sys.executable, "-c", CLIENT, IPV4, PORT, 1, times * REQUESTS, timeout=300)
                time.sleep(0.2)
                marks.append(counts.now - before)
            within(f"a request to homepage on {machine}", (marks[1] - marks[0]) / REQUESTS, REQUEST)


def tests(context):
    for machine in MACHINES:
        yield f"hello/{machine}", lambda machine=machine: hello(context, machine)
        yield f"homepage/{machine}", lambda machine=machine: homepage(context, machine)
