#!/usr/bin/env python3
"""Where the instructions of a kvm image go, by function: from its entry until it waits, and for a keep-alive request.

    tests/bench/guest/profile.py build/kvm/homepage                     # q35, until it waits
    tests/bench/guest/profile.py --machine microvm build/kvm/hello      # an image that ends
    tests/bench/guest/profile.py --requests 2000 --path /1.html build/kvm/homepage

Counted, not timed. Functions are those of IMAGE.debug, beside the image. An inlined one counts for its caller; --lines shows lines.
"""

import argparse
import bisect
import collections
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.dirname(os.path.dirname(HERE))]
from guest.qemu import Bench, Counts, Image, entry  # noqa: E402
from lib.network import Network, wait_until  # noqa: E402

LOW, HIGH = 0x100000, 0x200000  # where images are linked
ADDRESS = "10.0.0.2"

CLIENT = """
import socket, sys
address, port, path, connections, requests = sys.argv[1], int(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:])
sockets = [socket.create_connection((address, port), timeout=60) for _ in range(connections)]
for _ in range(requests // connections):
    for s in sockets:
        s.sendall(f"GET {path} HTTP/1.1\\r\\nHost: a\\r\\nUser-Agent: b\\r\\nAccept: */*\\r\\n\\r\\n".encode())
    for s in sockets:
        got = b""
        while True:
            part = s.recv(65536)
            assert part, "the server ended the connection"
            got += part
            head, end, body = got.partition(b"\\r\\n\\r\\n")
            if end and len(body) >= int(head.lower().partition(b"content-length: ")[2].split()[0]):
                break
"""


class Profile:
    """Counts by address, at one moment."""

    def __init__(self, path):
        with open(path, "rb") as f:
            data = memoryview(f.read()).cast("Q")
        self.counts = {LOW + k: n for k, n in enumerate(data) if n}

    def minus(self, other, times):
        for address, n in other.counts.items():
            self.counts[address] -= n
        self.counts = {a: n / times for a, n in self.counts.items() if n}
        return self


def functions(path):
    """Addresses of functions, sorted, and their names."""
    out = subprocess.run(["llvm-nm-19", "--defined-only", "-n", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = [(int(a, 16), name) for a, kind, name in (line.split(maxsplit=2) for line in out.splitlines()) if kind in "tTwW"]
    return [a for a, _ in found], [n for _, n in found]


def by_function(profile, path):
    addresses, names = functions(path)
    sums, calls = collections.Counter(), {}
    for address, n in profile.counts.items():
        k = bisect.bisect_right(addresses, address) - 1
        name = names[k] if k >= 0 else "?"
        sums[name] += n
        if address == addresses[k]:
            calls[name] = n
    return sums, calls


def by_call(profile, image):
    """How often which function calls, or jumps to, which."""
    addresses, names = functions(image + ".debug")
    out = subprocess.run(["llvm-objdump-19", "-d", "--no-show-raw-insn", image], stdout=subprocess.PIPE, text=True, check=True).stdout
    sums = collections.Counter()
    for at, to in re.findall(r"(?m)^ *([0-9a-f]+):\s+(?:callq?|jmp)\s+(0x[0-9a-f]+)", out):
        caller, called = (names[bisect.bisect_right(addresses, int(a, 16)) - 1] for a in (at, to))
        if caller != called:
            sums[f"{caller} -> {called}"] += profile.counts.get(int(at, 16), 0)
    return sums


def by_line(profile, path, most):
    hot = sorted(profile.counts.items(), key=lambda pair: -pair[1])
    out = subprocess.run(["llvm-symbolizer-19", "--obj", path, "--output-style=GNU", "--functions=linkage", "--no-inlines"],
                         input="".join(f"{a:#x}\n" for a, _ in hot), stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    sums = collections.Counter()
    for (_, n), function, place in zip(hot, out[::2], out[1::2]):
        sums[f"{os.path.basename(place.split(' ')[0])}  {function}"] += n
    return sums.most_common(most)


def show(what, profile, image, options):
    debug = image + ".debug"
    sums, calls = by_function(profile, debug)
    print(f"{what}: {sum(sums.values()):,.0f} instructions")
    for name, n in sums.most_common(options.most):
        print(f"  {n:12,.1f}  {calls.get(name, 0):10,.1f} x {name}")
    if options.calls:
        for pair, n in by_call(profile, image).most_common(options.most):
            print(f"  {n:10,.1f} x {pair}")
    if options.lines:
        for place, n in by_line(profile, debug, options.most):
            print(f"  {n:12,.1f}  {place}")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("image")
    p.add_argument("--path", default="/index.html", help="what to ask for")
    p.add_argument("--requests", type=int, default=0)
    p.add_argument("--connections", type=int, default=1)
    p.add_argument("--port", type=int, default=8080)
    p.add_argument("--machine", default="q35")
    p.add_argument("--memory", default="64M")
    p.add_argument("--most", type=int, default=40, help="functions to show")
    p.add_argument("--calls", action="store_true")
    p.add_argument("--lines", action="store_true")
    options = p.parse_args()
    with tempfile.TemporaryDirectory() as directory, Network() as net:
        space = net.namespace("client")
        space.ip("tuntap add mode tap dev tap")
        space.address("tap", "10.0.0.1/24", "fd00::1/64")
        space.ip(f"neigh add {ADDRESS} lladdr 52:54:00:12:34:56 dev tap nud permanent")
        bench, count, where = Bench(directory, space), os.path.join(directory, "count"), os.path.join(directory, "profile")
        image = Image(options.image, events=[f"at={entry(options.image)}", "hlt=1", f"profile={where}", f"low={LOW}", f"high={HIGH}"])
        with bench.start(image, options.machine, options.memory, count) as program:
            wait_until(lambda: program.poll() is not None or os.path.exists(count) and os.path.getsize(count) and Counts(count)[2], "waiting", 60)
            counts = Counts(count)
            show(f"until it waits or ends", Profile(where), options.image, options)
            if not options.requests:
                return
            wait_until(lambda: answers(space, options), "an answer", 60, program)
            time.sleep(1)
            marks = [Profile(where)]
            for times in (1, 2):
                space.run(sys.executable, "-c", CLIENT, ADDRESS, options.port, options.path, options.connections, times * options.requests, timeout=600)
                time.sleep(0.2)
                marks.append(Profile(where))
            first = marks[1].counts
            twice = marks[2].counts
            each = {a: (n - first.get(a, 0)) - (first.get(a, 0) - marks[0].counts.get(a, 0)) for a, n in twice.items()}
            marks[2].counts = {a: n / options.requests for a, n in each.items() if n}
            show("a request", marks[2], options.image, options)


def answers(space, options):
    try:
        with space.connect(ADDRESS, options.port, 0.2) as s:
            s.sendall(f"GET {options.path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            return bool(s.recv(1))
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
