"""Tools that nobody here wrote, against images with a stack of their own: wrk, netcat, nuttcp, nmap, floods of pings, tshark."""

import hashlib
import os
import re

import harness
from lib import images
from lib.images import ADDRESSES, IPV4, IPV6, PORTS, url
from lib.network import Network, need_tun, wait_until
from lib.project import Project, expect

SECONDS = 900


def serve(host, image, name, *settings):
    """Starts an image on tap0; it can be reached when this returns."""
    program = host.start(image, *settings)
    for address in ADDRESSES:
        host.wait_for_port(address, PORTS[name], program)
    return program


def check_end(program):
    expect(program.stop() == 0, "SIGTERM ends it with status 0", program.output)
    expect("ERROR" not in program.output and "runtime error" not in program.output, "no sanitizer complains", program.output)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def family(address):
    return "-6" if ":" in address else "-4"


# ---- wrk ----


def wrk(host, address, seconds, *options):
    """Requests in a second, all of them answered with 200."""
    r = host.run(harness.need("wrk"), "-t2", f"-d{seconds}s", "--timeout", "5s", *options, url(address, "/1k"))
    expect("Socket errors" not in r.out and "Non-2xx" not in r.out, f"every request to {address} is answered", r)
    rate = re.search(r"Requests/sec: +([0-9.]+)", r.out)
    expect(rate and float(rate[1]) > 0, "wrk has a figure", r)
    return float(rate[1])


def check_runs(context, *options):
    """Run after run: none is refused, none is much slower than the first (connections that ended must not be in the way)."""
    need_tun()
    runs, seconds = (10, 5) if context.long else (4, 1)
    with Network() as net:
        host = net.namespace("host")
        with serve(host, images.homepage(context), "homepage") as server:
            for address in ADDRESSES:
                rates = [wrk(host, address, seconds, *options) for _ in range(runs)]
                expect(min(rates[1:]) > rates[0] / 4, f"requests in a second at {address}, run after run", rates)
            check_end(server)


# ---- netcat ----


def check_netcat(context):
    nc = harness.need("nc")
    need_tun()
    with Network() as net, Project(context) as p:
        size = 50_000_000 if context.long else 5_000_000
        p.write("noise", images.noise(size))
        sent = p.file("noise")
        for name in ("echo", "discard", "chargen"):
            host = net.namespace(name)
            with serve(host, images.service(context, name), name) as server:
                for address in ADDRESSES:
                    shell(host, {"echo": f"{nc} -N {address} 7007 <{sent} | cmp - {sent}",
                                 "discard": f"test 0 = $({nc} -N {address} 7009 <{sent} | wc -c)",
                                 "chargen": f"{nc} -d {address} 7019 | head -c 3000000 >{p.file('got')}"}[name])
                    if name == "chargen":
                        check_characters(p.read("got"))
                    else:
                        datagrams(host, nc, address, name)
                check_end(server)


def shell(host, command):
    return host.run("sh", "-c", command, timeout=120)


def check_characters(got):
    """RFC 864: lines of 72 printing characters, each begins one character later than the one before."""
    printing = "".join(map(chr, range(32, 127)))
    first = printing.index(chr(got[0]))
    lines = ((printing * 2)[(first + n) % 95:][:72] + "\r\n" for n in range(len(got) // 74 + 1))
    expect(got == "".join(lines).encode()[:3_000_000] and len(got) == 3_000_000, "three million characters of the pattern", got[:200])


def datagrams(host, nc, address, name):
    for size in (0, 1, 1000, 1472, 8000):
        text = "d" * size
        r = host.run(nc, "-u", "-w1", "-W1" if name == "echo" and size else "-N", address, PORTS[name], input=text)
        expect(r.out == (text if name == "echo" else ""), f"{name}: a datagram of {size} bytes", len(r.out))


# ---- nuttcp ----


def nuttcp(host, address, size, count, *options):
    """Sends `count` buffers of `size` bytes to the image, which acknowledges all of them and the end of the connection.

    nuttcp asks a server of its own on port 5000 what to do. Where that port is closed it sends all the same, as ttcp
    did ("classic" mode), to the port of -p. Only sending by TCP is possible so: for UDP it wants its server, and to
    receive it wants to be connected to.
    """
    before = counters(host)
    r = host.run(harness.need("nuttcp"), family(address), "-t", f"-p{PORTS['discard']}", f"-l{size}", f"-n{count}", *options, address, timeout=120)
    sent = re.search(r"([0-9.]+) MB", r.out)
    expect(sent and abs(float(sent[1]) - size * count / 2**20) < 0.001, f"nuttcp {' '.join(options)} sends everything", r)
    ended = ["-Htan", "dst", f"[{address}]" if ":" in address else address]
    wait_until(lambda: set(line.split()[0] for line in host.run("ss", *ended).out.splitlines()) == {"TIME-WAIT"},
               f"{address} acknowledges the end of every connection of nuttcp's, and ends it")
    after = counters(host)
    expect(after["bytes"] - before["bytes"] >= size * count, "the bytes went to the image", before, after)
    expect(after["EstabResets"] == before["EstabResets"], "no connection was reset", before, after)
    expect(after["RetransSegs"] - before["RetransSegs"] <= 10, "hardly a segment was sent again", before, after)


def counters(host):
    """Of the host's: bytes towards the image, and what TCP has counted."""
    names, values = [line.split()[1:] for line in host.run("cat", "/proc/net/snmp").out.splitlines() if line.startswith("Tcp:")]
    device = re.search(r"tap0: *(.*)", host.run("cat", "/proc/net/dev").out)[1].split()
    return {**dict(zip(names, map(int, values))), "bytes": int(device[8])}


def check_nuttcp(context):
    need_tun()
    more = 10 if context.long else 1
    with Network() as net:
        host = net.namespace("host")
        host.sysctl("net/ipv4/tcp_early_retrans", 0)
        with serve(host, images.service(context, "discard"), "discard") as server:
            for address in ADDRESSES:
                nuttcp(host, address, 65536, 320 * more)
                nuttcp(host, address, 1, 3000 * more, "-D")  # a segment for each byte
                nuttcp(host, address, 8192, 400 * more, "-w8")  # with a small buffer
                nuttcp(host, address, 16384, 200 * more, "-M536")
                host.connect(address, PORTS["discard"]).close()
            check_end(server)


# ---- nmap ----


def nmap(host, address, *options):
    """{port/protocol: state and what it says about the service}, of the ports that are not closed."""
    words = ["-n", "-Pn", "-T5", "-oG", "-", *(["-6"] if ":" in address else []), *options, address]
    r = host.run(harness.need("nmap"), *words, timeout=300)
    line = re.search(r"Ports: ([^\t\n]*)", r.out)
    ports = [entry.strip().split("/") for entry in line[1].split(", ")] if line else []
    return {f"{e[0]}/{e[2]}": (e[1], e[4], e[6]) for e in ports if e[1] != "closed"}, r


def check_odd_scans(host, address):
    """Segments that open no connection: a port that listens ignores those without ACK and RST, and answers others with RST (RFC 9293, 3.10.7.2)."""
    for kind, listening, others in (("-sN", "open|filtered", "closed"), ("-sF", "open|filtered", "closed"), ("-sX", "open|filtered", "closed"),
                                    ("-sA", "unfiltered", "unfiltered"), ("-sM", "closed", "closed")):
        found, r = nmap(host, address, kind, "-p7000-7020", "--max-retries=1")
        wanted = {f"{port}/tcp": listening if port == 7007 else others for port in range(7000, 7021)}
        expect({p: f[0] for p, f in found.items()} == {p: state for p, state in wanted.items() if state != "closed"}, f"nmap {kind} {address}", found, r)


def check_scans(context):
    need_tun()
    harness.need("nmap")
    with Network() as net:
        host = net.namespace("host")
        with serve(host, images.service(context, "echo"), "echo") as server:
            for address in ADDRESSES:
                for kind, ports in (("-sS", "1-65535"), ("-sT", "1-10000"), ("-sU", "6000-8000")):
                    found, r = nmap(host, address, kind, f"-p{ports}", "--max-retries=2")
                    expect({p: f[0] for p, f in found.items()} == {f"7007/{'udp' if kind == '-sU' else 'tcp'}": "open"},
                           f"nmap {kind} {address} finds the one port that is open, and no others that do not answer", found, r)
                check_odd_scans(host, address)
                nmap(host, address, "-O", "-p7000-7010")
                host.connect(address, 7007).close()
            check_end(server)


def check_versions(context):
    """nmap recognises what it talks to; what says nothing (discard) nobody could."""
    need_tun()
    harness.need("nmap")
    with Network() as net:
        known = {"chargen": "chargen", "echo": "echo", "homepage": "http"}  # minutes: what does not speak first is asked a lot
        for name, service in known.items():
            image = images.homepage(context) if name == "homepage" else images.service(context, name)
            host = net.namespace(name)
            with serve(host, image, name) as server:
                for address in ADDRESSES:
                    found, r = nmap(host, address, "-sV", f"-p{PORTS[name]}")
                    got = found.get(f"{PORTS[name]}/tcp", ("", "", ""))
                    expect(got[0] == "open" and got[1].startswith(service), f"nmap -sV knows {name}", found, r)
                check_end(server)


# ---- ping ----


def check_floods(context):
    need_tun()
    ping = harness.need("ping")
    count = 100_000 if context.long else 5_000
    with Network() as net:
        host = net.namespace("host")
        with serve(host, images.service(context, "echo"), "echo") as server:
            for address in ADDRESSES:
                for size, ahead in ((56, 1), (56, 100), (1452, 50), (8000, 5)):
                    flood = [ping, "-q", "-n", "-f", f"-c{count}", f"-l{ahead}", f"-s{size}", "-W3", address]
                    r = host.run(*flood, status=None, timeout=300)
                    if "0% packet loss" not in r.out.split(", "):  # a host that is busy may lose some, once
                        print(r.out)
                        r = host.run(*flood, timeout=300)
                    expect(f"{count} received, 0% packet loss" in r.out, f"{address} answers every one of {count} requests", r)
            check_end(server)


# ---- tshark ----

# Right, but for one segment in 65,536 the sum is zero, and Linux writes it as 0xffff, as UDP wants it, where RFC 1624 prefers 0x0000.
OTHER_ZERO = "tcp.checksum.ffff"
# What must not be in a capture of a good link, in tshark's words.
BAD = {
    "malformed packets": "_ws.malformed || _ws.short || tcp.option.len.invalid",
    "warnings and errors": f"_ws.expert.severity == error || (_ws.expert.severity == warning && !{OTHER_ZERO}"
                           " && !tcp.analysis.window_full && !tcp.analysis.zero_window)",
    "retransmissions": "tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission",
    "losses": "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment || tcp.analysis.out_of_order",
    "duplicate acknowledgements": "tcp.analysis.duplicate_ack",
    "stalls": "tcp.analysis.zero_window_probe || tcp.analysis.keep_alive",
    "bad checksums": f"ip.checksum.status == bad || (tcp.checksum.status == bad && !{OTHER_ZERO}) || udp.checksum.status == bad"
                     " || icmp.checksum.status == bad || icmpv6.checksum.status == bad",
    "unverified checksums": f"(tcp && tcp.checksum.status != good && !{OTHER_ZERO}) || (ip && ip.checksum.status != good)",
    "errors of ICMP": "icmp.type == 3 || icmp.type == 4 || icmp.type == 11 || icmp.type == 12 || (icmpv6.type < 128)",
    "resets": "tcp.flags.reset == 1",
}
NO_ZERO_WINDOW = {"windows that close": "tcp.analysis.zero_window"}
BUFFER = ["-B65536", "-s2000"]  # KiB, bytes of a frame: tcpdump itself must lose nothing
VERIFY = [f"-o{name}.check_checksum:TRUE" for name in ("ip", "tcp", "udp")]


def tshark(p, path, wanted):
    """The frames that a filter of tshark's finds, in its words."""
    return p.run(harness.need("tshark"), "-n", "-r", path, *VERIFY, "-Y", wanted, timeout=200).out.splitlines()


def check_capture(p, path, bad):
    seen = "\n".join(tshark(p, path, "tcp"))
    for address in ADDRESSES:
        expect(seen.count(address) > 300, f"there are segments of {address} in the capture", seen[:2000])
    if tshark(p, path, " || ".join(f"({wanted})" for wanted in bad.values())):
        found = {what: tshark(p, path, wanted) for what, wanted in bad.items()}
        summary = p.run(harness.need("tshark"), "-n", "-q", "-r", path, *VERIFY, "-z", "expert,warn", timeout=200).out
        expect(False, "tshark finds what should not be in a capture of a good link",
               *[f"{what}: {len(f)}\n" + "\n".join(f[:8]) for what, f in found.items() if f], summary)


def download(p, host, address):
    curl = [harness.need("curl"), "-sSf", "--max-time", "60"]
    host.run(*curl, "-o", p.file("got"), url(address, "/8m"))
    expect(p.read("got") == images.noise(8_000_003), f"a download from {address} is whole")
    for way, path in (([], "/"), (["-Z", "--parallel-max", "10"], "/1k")):
        host.run(*curl, *way, *[word for _ in range(20) for word in ("-o", "/dev/null", url(address, path))])
    host.run(harness.need("ping"), "-c3", "-i0.1", "-s3000", address)


def upload(p, host, address):
    shell(host, f"{harness.need('nc')} -N {address} 7009 <{p.file('noise')}")


def both_ways(p, host, address):
    nc = harness.need("nc")
    shell(host, f"{nc} -N {address} 7007 <{p.file('noise')} | cmp - {p.file('noise')}")
    datagrams(host, nc, address, "echo")


def capture_talk(context, net, p, name, talk, place):
    """What goes over the link while they talk: the file with the capture."""
    image = images.homepage(context) if name == "homepage" else images.service(context, name)
    host, path = net.namespace(place), p.file(f"{place}.pcap")
    host.sysctl("net/ipv4/tcp_early_retrans", 0)  # or the host repeats what an image on a busy machine has not acknowledged within 8 ms
    with host.start(image, "--offload=false") as server:
        host.wait_for_device("tap0", server)
        with host.capture("tap0", path, *BUFFER):
            for address in ADDRESSES:
                host.wait_for_port(address, PORTS[name], server)
                talk(p, host, address)
        check_end(server)
    return path


def check_clean(context):
    """Transfers and connections over both versions: nothing that tshark does not like, the checksums made by the image.

    Once more if there was: a machine that stands still for a moment makes a host repeat itself. What the image does wrong, it does again.
    """
    need_tun()
    harness.need("tshark")
    with Network() as net, Project(context) as p:
        p.write("noise", images.noise(3_000_000))
        for name, talk, more in (("homepage", download, NO_ZERO_WINDOW), ("discard", upload, NO_ZERO_WINDOW), ("echo", both_ways, {})):
            try:
                check_capture(p, capture_talk(context, net, p, name, talk, name), {**BAD, **more})
            except harness.Failure as first:
                path = capture_talk(context, net, p, name, talk, f"{name}2")
                try:
                    check_capture(p, path, {**BAD, **more})
                except harness.Failure as second:
                    raise harness.Failure(f"{first}\nand again:\n{second}") from None


def tests(context):
    yield "wrk/keep-alive", lambda: check_runs(context, "-c50")
    if context.long:
        yield "wrk/close", lambda: check_runs(context, "-c50", "-H", "Connection: close")
        yield "nuttcp", lambda: check_nuttcp(context)
        yield "nmap/versions", lambda: check_versions(context)
    yield "netcat", lambda: check_netcat(context)
    yield "nmap/ports", lambda: check_scans(context)
    yield "ping", lambda: check_floods(context)
    yield "tshark", lambda: check_clean(context)
