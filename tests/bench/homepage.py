"""examples/homepage beside nginx: the same files, the same run, one process each, wrk with keep-alive.

Both serve on loopback from one processor while wrk runs on another (where there are two); rounds alternate, and
figures are medians. nginx has sendfile, an open file cache and no access log, which is the best it can do here.
"""

import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib.network import wait_until  # noqa: E402
from lib.project import Project, free_port, wait_for_port  # noqa: E402

SIZES = {"1 KiB": 1024, "100 KiB": 102400}
CONNECTIONS = 32
IDLE = 1000

NGINX = """
worker_processes 1; daemon off; pid {top}/nginx.pid; error_log {top}/error.log crit; {user}
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 600;
  open_file_cache max=1000; types {{ text/html html; }}
  client_body_temp_path {top}/t1; proxy_temp_path {top}/t2; fastcgi_temp_path {top}/t3; uwsgi_temp_path {top}/t4; scgi_temp_path {top}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def pinned(processor, *argv):
    if (os.cpu_count() or 1) < 2 or not shutil.which("taskset"):
        return list(argv)
    return ["taskset", "-c", str(processor), *argv]


def field(pid, name):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name + ":"))


def ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        parts = f.read().rsplit(")", 1)[1].split()
    return int(parts[11]) + int(parts[12])


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def load(port, pid, name, seconds):
    """Requests per second, 99th percentile in ms, processor time for each request in microseconds."""
    before = ticks(pid)
    out = subprocess.run(pinned(0, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--latency", f"http://127.0.0.1:{port}/{name}.html"),
                         stdout=subprocess.PIPE, text=True, check=True, timeout=seconds + 30).stdout
    used = (ticks(pid) - before) / os.sysconf("SC_CLK_TCK")
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    requests = int(re.search(r"(\d+) requests in", out)[1])
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), milliseconds(re.search(r"(?m)^ +99%\s+(\S+)", out)[1]),
            used / requests * 1e6)


def idle_cost(port, pid):
    """KiB for each of many connections that have been served once and wait."""
    before, clients = field(pid, "VmRSS"), []
    try:
        for _ in range(IDLE):
            clients.append(socket.create_connection(("127.0.0.1", port), timeout=10))
            clients[-1].sendall(b"GET /1.html HTTP/1.1\r\nHost: a\r\n\r\n")
            clients[-1].recv(4096)
        time.sleep(0.2)
        return (field(pid, "VmRSS") - before) / len(clients)
    finally:
        for c in clients:
            c.close()


@contextlib.contextmanager
def process(argv, port):
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        wait_for_port(p, port)
        yield p
    finally:
        p.terminate()
        p.wait(20)
        p.stdout.close()


def child(pid):
    """The first child of a process, which may be about to make it: nginx's worker."""
    def first():
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return next(map(int, f.read().split()), None)
    return wait_until(first, f"a child of process {pid}")


def median(rows, column):
    return statistics.median(row[column] for row in rows)


def report(results, name):
    ours, theirs = results["ours", name], results["nginx", name]
    yield (f"{name}: {median(ours, 0):,.0f} requests/s, nginx {median(theirs, 0):,.0f}: {median(ours, 0) / median(theirs, 0):.2f} of nginx's; "
           f"p99 {median(ours, 1):.2f} ms, nginx {median(theirs, 1):.2f} ms")
    yield (f"{name}: {median(ours, 2):.2f} us of processor time a request, nginx {median(theirs, 2):.2f} us: "
           f"{median(ours, 2) / median(theirs, 2):.2f} of nginx's")


def measure(context):
    for tool in ("wrk", "nginx"):
        if not shutil.which(tool) and not os.path.exists(f"/usr/sbin/{tool}"):
            raise RuntimeError(f"{tool} is not installed")
    context.sanitized = False
    rounds, seconds = (2, 2) if context.quick else (5, 4)
    with Project(context) as p:
        p.copy("examples/homepage")
        for name, size in SIZES.items():
            p.write(f"htdocs/{name.split()[0]}.html", "x" * size)
        p.ukc("configure", "--target", "posix", "--set", "http.requests=2000000000")
        image, port, theirs = p.ukc("build", "--json", timeout=600).json["image"], free_port(), free_port()
        top = tempfile.mkdtemp(dir=p.top)
        os.chmod(p.top, 0o755)
        conf = os.path.join(top, "nginx.conf")
        with open(conf, "w") as f:
            f.write(NGINX.format(top=top, port=theirs, root=p.file("htdocs"), user="user root;" if os.getuid() == 0 else ""))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        with process(pinned(1, image, f"--port={port}"), port) as a, process(pinned(1, nginx, "-c", conf, "-e", f"{top}/early.log"), theirs) as b:
            servers = {"ours": (port, a.pid), "nginx": (theirs, child(b.pid))}
            results = {(who, name): [] for who in servers for name in SIZES}
            for _ in range(rounds):
                for name in SIZES:
                    for who, (where, pid) in servers.items():
                        results[who, name].append(load(where, pid, name.split()[0], seconds))
            for name in SIZES:
                yield from report(results, name)
            memory = {who: field(pid, "VmHWM") for who, (_, pid) in servers.items()}
            yield (f"memory after that: {memory['ours']:,} KiB resident at most, nginx's worker {memory['nginx']:,} KiB: "
                   f"{memory['ours'] / memory['nginx']:.2f} of nginx's")
            idle = {who: idle_cost(where, pid) for who, (where, pid) in servers.items()}
            yield f"each of {IDLE} idle connections: {idle['ours']:.1f} KiB, nginx {idle['nginx']:.1f} KiB"
            yield f"image: {os.path.getsize(image):,} bytes, the site included"
