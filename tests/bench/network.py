"""examples/homepage over its own TCP/IP stack, over the host's, and nginx: between two namespaces, in the same run.

Servers, one process each: net=native on one end of a veth pair (link=packet), net=native on a tap device whose other end
is the client's (link=tap), net=host and nginx on another veth pair.  The client is a namespace of its own.  Checksums of
TCP are nobody's work in any of them: veth and tap pass them on as "to be computed".  All of them send segments of up to
64 KiB that nobody divides (GSO); nginx and net=host receive such segments too, net=native receives frames.
"""

import contextlib
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from homepage import child, field, milliseconds, pinned, ticks  # noqa: E402
from lib.network import Network, expose, need_tun  # noqa: E402
from lib.project import Project  # noqa: E402

CONNECTIONS = 32
PORT = 8080
LARGE = 100_000_000
NAMES = {"packet": "native, packet", "tap": "native, tap", "host": "host", "nginx": "nginx"}
NATIVE = ("packet", "tap")
WAYS = {"keep-alive": [], "connection per request": ["-H", "Connection: close"]}
OPTIONS = {"packet": ["--set", "net=native", "--set", "link=packet"], "tap": ["--set", "net=native"], "host": []}

NGINX = """
{process} daemon off; pid {top}/nginx.pid; error_log {top}/error.log crit; user root;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 600;
  open_file_cache max=1000; types {{ text/html html; }}
  client_body_temp_path {top}/t1; proxy_temp_path {top}/t2; fastcgi_temp_path {top}/t3; uwsgi_temp_path {top}/t4; scgi_temp_path {top}/t5;
  server {{ listen {port} backlog=4096; root {root}; }}
}}
"""

# Sends so many requests one after the other on each of some connections, all of which have one under way at a time.
CLIENT = """
import socket, sys
address, port, connections, requests = sys.argv[1], *map(int, sys.argv[2:])
sockets = [socket.create_connection((address, port), timeout=60) for _ in range(connections)]
for _ in range(requests // connections):
    for s in sockets:
        s.sendall(b"GET /1.html HTTP/1.1\\r\\nHost: a\\r\\nUser-Agent: b\\r\\nAccept: */*\\r\\n\\r\\n")
    for s in sockets:
        got = b""
        while got.count(b"\\r\\n\\r\\n") == 0 or len(got) < got.index(b"\\r\\n\\r\\n") + 4 + 1024:
            part = s.recv(65536)
            assert part, "the server ended the connection"
            got += part
        assert got.startswith(b"HTTP/1.1 200 "), got
"""


class Lab:
    """Two namespaces, two cables, and the programs that serve."""

    def __init__(self, net, project):
        self.project = project
        self.server, self.client = net.namespace("server"), net.namespace("client")
        self.server.veth("cable", self.client, "cable")
        self.server.address("cable", "10.1.0.2/24")
        self.client.address("cable", "10.1.0.1/24")
        self.server.veth("frames", self.client, "frames")
        self.server.ip("addr flush dev frames")
        self.client.address("frames", "10.2.0.1/24")
        for name in (self.server, self.client):
            name.sysctl("net/ipv4/tcp_max_syn_backlog", 8192)
            name.sysctl("net/core/somaxconn", 8192)
        self.images = {}

    def address(self, who):
        return {"packet": "10.2.0.2", "tap": "10.0.0.2"}.get(who, "10.1.0.2")

    def url(self, who, page):
        return f"http://{self.address(who)}:{PORT}/{page}"

    def build(self, large):
        """The three images, copied out of the project's directory."""
        p = self.project
        p.copy("examples/homepage")
        p.write("htdocs/1.html", "x" * 1024)
        p.write("ukc.lua", p.read("ukc.lua").decode().replace('embed "htdocs"', 'embed { "htdocs", compress = "none" }'))
        if large:
            p.write("htdocs/large.bin", os.urandom(1_000_000) * (LARGE // 1_000_000))
        for who, options in OPTIONS.items():
            p.ukc("configure", "--target", "posix", "--set", "http.requests=2000000000", "--set", "http.connections=4096", *options)
            image = p.ukc("build", "--json", timeout=600).json["image"]
            directory = os.path.join(p.top, f"{who}-{'large' if large else 'small'}")
            os.mkdir(directory)
            for suffix in ("", ".debug"):
                shutil.copy(image + suffix, directory)
            self.images[who] = os.path.join(directory, os.path.basename(image))

    def command(self, who, single=False):
        if who != "nginx":
            extra = {"packet": ["--device=frames", "--address=10.2.0.2/24", "--router=10.2.0.1"]}.get(who, [])
            return [self.images[who], f"--port={PORT}", *extra]
        top = tempfile.mkdtemp(dir=self.project.top)
        with open(os.path.join(top, "nginx.conf"), "w") as f:
            f.write(NGINX.format(top=top, port=PORT, root=self.project.file("htdocs"),
                                 process="master_process off;" if single else "worker_processes 1;"))
        expose(self.project.file("htdocs", "1.html"))
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-c", f"{top}/nginx.conf", "-e", f"{top}/early.log"]

    @contextlib.contextmanager
    def serving(self, who, *prefix, single=False):
        """The program, and the process whose work counts.  net=host and nginx have the same address and never run together."""
        where = self.client if who == "tap" else self.server
        with where.start(*pinned(1, *prefix, *self.command(who, single))) as program:
            self.client.wait_for_port(self.address(who), PORT, program, 60)
            pid = program.pid
            if who == "nginx" and not single:
                pid = child(pid)
            yield program, pid

    def wrk(self, who, seconds, *options):
        return self.client.run(*pinned(0, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--latency", *options, self.url(who, "1.html")),
                               timeout=seconds + 60).out

    def kernel(self, *names):
        """Counters of the client's kernel: attempts that failed, segments sent again, ..."""
        known = {}
        with self.client.entered():
            for path in ("/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat"):
                with open(path) as f:
                    lines = [line.split() for line in f]
                for keys, values in zip(lines[::2], lines[1::2]):
                    known.update({keys[0] + k: int(v) for k, v in zip(keys[1:], values[1:])})
        return [known[name] for name in names]


# ---- requests ----

def load(lab, who, pid, way, seconds):
    """Requests per second, 99th percentile in ms, processor time of the process for each request in us, failures."""
    counters = ("Tcp:AttemptFails", "TcpExt:TCPTimeouts", "TcpExt:TCPSynRetrans")
    before, failed = ticks(pid), lab.kernel(*counters)
    out = lab.wrk(who, seconds, *WAYS[way])
    used = (ticks(pid) - before) / os.sysconf("SC_CLK_TCK")
    requests = int(re.search(r"(\d+) requests in", out)[1])
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    bad = sum(map(int, errors.groups())) if errors else 0
    bad += int(m[1]) if (m := re.search(r"Non-2xx or 3xx responses: (\d+)", out)) else 0
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), "p99": milliseconds(re.search(r"(?m)^ +99%\s+(\S+)", out)[1]),
            "time": used / requests * 1e6, "errors": bad, "refused": [b - a for a, b in zip(failed, lab.kernel(*counters))]}


def median(rows, column):
    return statistics.median(row[column] for row in rows)


def requests(lab, rounds, seconds):
    """Alternating rounds, and the most memory that each process had."""
    results = {(who, way): [] for who in NAMES for way in WAYS}
    memory = {}
    for _ in range(rounds):
        for who in NAMES:
            with lab.serving(who) as (_, pid):
                for way in WAYS:
                    results[who, way].append(load(lab, who, pid, way, seconds))
                memory[who] = max(memory.get(who, 0), field(pid, "VmHWM"))
    return results, memory


def report_requests(results, memory):
    for way in WAYS:
        nginx = median(results["nginx", way], "rate")
        for who, name in NAMES.items():
            rows = results[who, way]
            yield (f"1 KiB, {way}, {name}: {median(rows, 'rate'):,.0f} requests/s, {median(rows, 'rate') / nginx:.2f} of nginx's; "
                   f"p99 {median(rows, 'p99'):.2f} ms; {median(rows, 'time'):.1f} us of the process a request; {sum(r['errors'] for r in rows)} errors")
    for who, name in NAMES.items():
        yield f"memory after that, {name}: {memory[who]:,} KiB resident at most, {memory[who] / memory['nginx']:.2f} of nginx's worker"


def ten_runs(lab, seconds):
    """Rates follow the load of the machine, nginx's as well; the time of the process does not."""
    for who in (*NATIVE, "nginx"):
        with lab.serving(who) as (_, pid):
            rows = [load(lab, who, pid, "connection per request", seconds) for _ in range(10)]
        rates, times = [row["rate"] for row in rows], [row["time"] for row in rows]
        failed, timeouts, syns = (sum(row["refused"][i] for row in rows) for i in range(3))
        yield (f"ten runs, connection per request, {NAMES[who]}: {' '.join(f'{rate / max(rates):.2f}' for rate in rates)} of the fastest; "
               f"{min(times):.1f} to {max(times):.1f} us of the process a request; {failed} connections refused, {sum(row['errors'] for row in rows)} socket errors, {timeouts} time-outs, {syns} SYN sent again")


# ---- one large file ----

def download(lab, rounds):
    speeds = {who: [] for who in NAMES}
    resent = {who: 0 for who in NAMES}
    for _ in range(rounds):
        for who in NAMES:
            with lab.serving(who):
                before = lab.kernel("TcpExt:TCPOFOQueue")
                r = lab.client.run(*pinned(0, "curl", "-sS", "-o", "/dev/null", "-w", "%{size_download} %{speed_download}", lab.url(who, "large.bin")))
                size, speed = r.out.split()
                if int(size) != LARGE:
                    raise RuntimeError(f"{NAMES[who]}: {size} bytes of {LARGE}")
                speeds[who].append(float(speed) / 1e6)
                resent[who] += lab.kernel("TcpExt:TCPOFOQueue")[0] - before[0]
    host = statistics.median(speeds["host"])
    for who, name in NAMES.items():
        yield (f"100 MB, {name}: {statistics.median(speeds[who]):,.0f} MB/s, {statistics.median(speeds[who]) / host:.2f} of net=host's; "
               f"{resent[who]} segments out of order")


# ---- instructions and system calls ----

def client(lab, who, connections, count):
    lab.client.run(sys.executable, "-c", CLIENT, lab.address(who), PORT, connections, count, timeout=300)


def instructions(lab, who, connections, count, out):
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    with lab.serving(who, *command, single=True) as (program, _):
        client(lab, who, connections, count)
        program.stop(seconds=60)
        return int(re.search(r"Collected : (\d+)", program.output)[1])


def system_calls(lab, who, connections, count, out):
    with lab.serving(who, "strace", "-f", "-qq", "-c", "-U", "calls,name", "-o", out, single=True) as (program, _):
        client(lab, who, connections, count)
        os.kill(child(program.pid), signal.SIGTERM)  # strace itself ends after it
        program.wait(60)
    with open(out) as f:
        return {m[2]: int(m[1]) for m in re.finditer(r"(?m)^ *(\d+) +(\w+)$", f.read()) if m[2] != "total"}


def per_request(lab, count):
    """One run with so many requests and one with twice as many: their difference is nothing but requests."""
    out = os.path.join(lab.project.top, "counted")
    for connections in (1, CONNECTIONS):
        found = {who: (instructions(lab, who, connections, 2 * count, out) - instructions(lab, who, connections, count, out)) / count for who in NAMES}
        for who, name in NAMES.items():
            yield (f"1 KiB, keep-alive, {connections} connection{'s' * (connections > 1)}, {name}: {found[who]:,.0f} instructions a request in the process, "
                   f"{found[who] / found['nginx']:.2f} of nginx's")
        for who, name in NAMES.items():
            less, more = system_calls(lab, who, connections, count, out), system_calls(lab, who, connections, 2 * count, out)
            calls = {call: (n - less.get(call, 0)) / count for call, n in more.items()}
            many = sorted((n, call) for call, n in calls.items() if n >= 0.05)[::-1]
            yield (f"1 KiB, keep-alive, {connections} connection{'s' * (connections > 1)}, {name}: {sum(calls.values()):.2f} system calls a request: "
                   + ", ".join(f"{n:.2f} {call}" for n, call in many))


# ---- size ----

PARTS = {"lwip": "lwIP and its port", "netif": "the driver"}
KINDS = {"code": "tTwW", "constants": "rR", "data": "dDbB"}


def part_of(path):
    """build/posix/root/libs.lwip/..., .../debian_source.lwip-.../..., .../posix.netif_tap/..."""
    m = re.search(r"/root/[^/]*\.(lwip|netif)[-_/]", path)
    return m and m[1]


def sizes(lab):
    """By the symbols of the image, and where each comes from; what the compiler merged across instances is its first owner's."""
    for who in NATIVE:
        r = subprocess.run(["llvm-nm-19", "--print-size", "--line-numbers", "--defined-only", lab.images[who] + ".debug"],
                           stdout=subprocess.PIPE, text=True, check=True)
        bytes_of = {(part, kind): 0 for part in PARTS for kind in KINDS}
        for size, letter, path in re.findall(r"(?m)^[0-9a-f]+ ([0-9a-f]+) (\w) .*\t(.*):\d+$", r.stdout):
            for kind, letters in KINDS.items():
                if letter in letters and part_of(path):
                    bytes_of[part_of(path), kind] += int(size, 16)
        if not all(bytes_of[part, "code"] for part in PARTS):
            raise RuntimeError(f"{lab.images[who]}: no symbols of the stack")
        yield (f"{NAMES[who]}: " + "; ".join(f"{text}: " + ", ".join(f"{bytes_of[part, kind]:,} bytes of {kind}" for kind in KINDS)
                                            for part, text in PARTS.items())
               + f"; image {os.path.getsize(lab.images[who]):,} bytes, with net=host {os.path.getsize(lab.images['host']):,}")


def measure(context):
    for tool in ("llvm-nm-19", "wrk", "nginx", "curl", "valgrind", "strace"):
        if not shutil.which(tool) and not os.path.exists(f"/usr/sbin/{tool}"):
            raise RuntimeError(f"{tool} is not installed")
    need_tun()
    context.sanitized = False
    rounds, seconds = (2, 1) if context.quick else (3, 2)
    with Network() as net, Project(context) as p:
        os.chmod(p.top, 0o755)
        lab = Lab(net, p)
        lab.build(large=False)
        yield from sizes(lab)
        yield from per_request(lab, 500 if context.quick else 2000)
        yield from report_requests(*requests(lab, rounds, seconds))
        yield from ten_runs(lab, seconds)
        lab.build(large=True)
        yield from download(lab, rounds)
