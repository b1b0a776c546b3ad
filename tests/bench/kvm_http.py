"""examples/homepage as a machine of its own, and Linux with nginx: instructions, memory, requests.

Both in QEMU with software emulation, one processor, a virtio network card on a tap device, the client outside; the same page of 1 KiB.
Instructions are counted by a plugin (all of the guest's: device, protocols, program); rates are measured without it.
"""

import os
import re
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from guest import linux  # noqa: E402
from guest.qemu import Bench, Counts, least, need, processor_time  # noqa: E402
from kvm import built  # noqa: E402
from lib.network import Network, need_tun, wait_until  # noqa: E402
from lib.project import Project  # noqa: E402
from network import CLIENT  # noqa: E402

ADDRESS, PORT, PAGE = "10.0.0.2", 8080, "1.html"
CARD = "52:54:00:12:34:56"  # QEMU's default
CONNECTIONS = (1, 8, 64, 512)
AIMS = {"bytes": 160 * 1024, "KiB of memory": 2048, "instructions to ready": 60_000, "a request": 7_500, "a second": 1_000}
MEMORY = {"homepage": "64M", "Linux": "256M"}


class Lab:
    def __init__(self, namespace, directory, images):
        self.namespace, self.images = namespace, images
        self.bench = Bench(directory, namespace)
        self.file = os.path.join(directory, "count")

    def start(self, who, machine, memory=None, counted=False):
        if counted and os.path.exists(self.file):
            os.remove(self.file)
        return self.bench.start(self.images[who], machine, memory or MEMORY[who], self.file if counted else None)

    def answers(self):
        """Whether the page comes, whole."""
        try:
            with self.namespace.connect(ADDRESS, PORT, 0.1) as s:
                s.settimeout(5)
                s.sendall(f"GET /{PAGE} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
                got = s.recv(65536)
                while part := s.recv(65536):
                    got += part
                return got.startswith(b"HTTP/1.1 200") and got.endswith(b"x" * 1024)
        except OSError:
            return False

    def first_byte(self, program):
        """Instructions when the client has it, which asks again and again."""
        def asked():
            try:
                with self.namespace.connect(ADDRESS, PORT, 0.1) as s:
                    s.sendall(f"GET /{PAGE} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                    return s.recv(1) and self.counts().now
            except OSError:
                return 0
        return wait_until(asked, "a page", 120, program)

    def counts(self):
        return Counts(self.file)

    def ask(self, connections, count):
        self.namespace.run(sys.executable, "-c", CLIENT, ADDRESS, PORT, connections, count, timeout=300)

    def wrk(self, connections, seconds):
        """Requests, and what went wrong."""
        out = self.namespace.run("wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", f"http://{ADDRESS}:{PORT}/{PAGE}",
                                 timeout=seconds + 60).out
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        return int(re.search(r"(\d+) requests in", out)[1]), (sum(map(int, errors.groups())) if errors else 0) + (int(bad[1]) if bad else 0)


def cabled(net):
    """A namespace with the other end of the guest's cable."""
    client = net.namespace("client")
    client.ip("tuntap add mode tap dev tap")
    client.address("tap", "10.0.0.1/24", "fd00::1/64")
    client.ip(f"neigh add {ADDRESS} lladdr {CARD} dev tap nud permanent")  # nobody waits a second to ask for it again
    return client


def ratio(value, aim):
    return f"{value / aim:.2f} of the aim" if aim else "no aim"


def ready(lab, who, machine):
    """Counts when it waits for the first time, all set up and nobody asking."""
    with lab.start(who, machine, counted=True) as program:
        wait_until(lambda: os.path.exists(lab.file) and os.path.getsize(lab.file) and lab.counts()[3], "waiting", 60, program)
        return lab.counts()


def start_and_idle(lab, who, machine, aims):
    if who == "homepage":
        counts = ready(lab, who, machine)
        own = counts[3] - counts[1]
        yield f"{machine}, {who}: {counts[2] - counts[1]:,} instructions of its own to main, {own:,} until it waits, {ratio(own, aims['instructions to ready'])}"
    with lab.start(who, machine, counted=True) as program:
        first, counts = lab.first_byte(program), lab.counts()
        time.sleep(15)  # connections that were given up; tables of neighbours, which tick each second for a while
        before = counts.now
        time.sleep(10)
        idle = (counts.now - before) / 10
        own = f"{first - counts[1]:,} instructions of its own, " if who == "homepage" else ""
        yield f"{machine}, {who}: first byte of a page after {own}{first:,} in all"
        yield f"{machine}, {who}: {idle:,.0f} instructions in a second without work" + (f", {ratio(idle, aims['a second'])}" if aims else "")


def request_cost(lab, connections, count):
    """Instructions a request: so many requests, and twice as many; the difference is requests alone."""
    some, marks = max(count, 4 * connections), []
    for times in (1, 2):
        before = lab.counts().now
        lab.ask(connections, times * some)
        time.sleep(0.2)
        marks.append(lab.counts().now - before)
    return (marks[1] - marks[0]) / some


def per_request(lab, who, machine, count, aims):
    with lab.start(who, machine, counted=True) as program:
        lab.first_byte(program)
        for connections in CONNECTIONS:
            each = request_cost(lab, connections, count)
            yield (f"{machine}, {who}, {connections} connections: {each:,.0f} instructions a request"
                   + (f" ({ratio(each, aims['a request'])})" if aims else "") + f", {1e6 / each:,.0f} requests for a million")


def runs(lab, who, machine, seconds, times):
    """wrk, so many times in a row, at each number of connections. Rates follow the load of the machine; the processor's time, all of QEMU's, less so."""
    with lab.start(who, machine) as program:
        wait_until(lab.answers, "a page", 120, program)
        for connections in CONNECTIONS:
            rates, costs, errors = [], [], 0
            for _ in range(times):
                before = processor_time(program.pid)
                requests, bad = lab.wrk(connections, seconds)
                rates.append(requests / seconds)
                if requests:
                    costs.append((processor_time(program.pid) - before) / requests * 1e6)
                errors += bad
            if not costs:
                yield f"{machine}, {who}, {connections} connections: not one request was answered in {times} runs; {errors} errors"
                continue
            middle = statistics.median(costs)
            yield (f"{machine}, {who}, {connections} connections, {times} runs: {' '.join(f'{rate / max(rates):.2f}' for rate in rates)} of {max(rates):,.0f} requests/s; "
                   f"{min(costs):.0f} to {max(costs):.0f} us of QEMU a request, median {middle:.0f} ({1e6 / middle:,.0f} requests for a second of it); {errors} errors")


def serves(lab, who, machine, kib):
    """Whether it boots, and eight connections get their pages for a second."""
    with lab.start(who, machine, f"{kib}K") as program:
        end = time.monotonic() + 30
        while not lab.answers():
            if program.poll() is not None or time.monotonic() > end:
                return False
            time.sleep(0.02)
        requests, errors = lab.wrk(8, 1)
        return requests > 0 and errors == 0 and lab.answers()


def memory(lab, who, machine, aims):
    low, high, step = (1024, 65536, 32) if who == "homepage" else (32768, 262144, 2048)
    found = least(lambda kib: serves(lab, who, machine, kib), low, high, step)
    yield f"{machine}, {who}: boots and serves eight connections with {found:,} KiB" + (f", {ratio(found, aims['KiB of memory'])}" if aims else "")


def measure(context):
    need("qemu-system-x86_64", "cc", "clang-19", "ld.lld-19", "llvm-nm-19", "wrk", "nginx")
    need_tun()
    context.sanitized = False
    seconds, count = (1, 400) if context.quick else (2, 2000)
    with Network() as net, Project(context) as p, tempfile.TemporaryDirectory() as directory:
        client = cabled(net)
        p.copy("examples/homepage")
        p.write(f"htdocs/{PAGE}", "x" * 1024)
        images = {"homepage": built(p, "homepage", "--set", "http.requests=2000000000"), "Linux": linux.guest(directory, {PAGE: "x" * 1024})}
        images["homepage"].events.append("hlt=1")
        lab = Lab(client, directory, images)
        yield (f"homepage: {images['homepage'].size:,} bytes, the site included, {ratio(images['homepage'].size, AIMS['bytes'])}; "
               f"Linux with nginx {images['Linux'].size:,}")
        for who, machine in (("homepage", "q35"), ("homepage", "microvm"), ("Linux", "q35")):
            aims = AIMS if who == "homepage" else {}
            yield from start_and_idle(lab, who, machine, aims)
            yield from memory(lab, who, machine, aims)
            yield from per_request(lab, who, machine, count, aims)
            yield from runs(lab, who, machine, seconds, 10)
