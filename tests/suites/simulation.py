"""netif_pcap, and images as hosts of ukc-switch: the same seed gives the same run, and what goes wrong is told."""

import os
import re
import struct
import subprocess

import harness
from lib.project import Project, expect

SANITIZED = "long"
SECONDS = 300

IMAGE = "build/posix/raw-ping"
DELAYS = ["--loss", "2%", "--delay", "10ms", "--jitter", "2ms", "--reorder", "2%", "--duplicate", "3%", "--corrupt", "1%"]


# ---- projects ----

def build(p, source, *options):
    p.copy(source)
    p.ukc("configure", "--target", "posix", *options)
    p.ukc("build")


def simulate(p, *arguments, status=0, timeout=200):
    switch = os.path.join(os.path.dirname(str(p.context.ukc)), "ukc-switch")
    return p.run(switch, *arguments, status=status, timeout=timeout, environment=harness.sanitizer_options())


def counts(result):
    """The lines of the report, as a dictionary."""
    found = dict(re.findall(r"^([a-z.]+) ([0-9a-f.]+)$", result.out, re.M))
    expect(len(found.get("trace", "")) == 64, "the report ends with a hash", result)
    return {name: value if name in ("trace", "time") else int(value) for name, value in found.items()}


# ---- capture files ----

FRAMES = [(5_000_000_123 + i * 40_000_000, bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9 + i]) + b"\x88\xb5" + bytes([i]) * (46 + 100 * i)) for i in range(6)]


def capture(frames, order="<", nanoseconds=True):
    out = struct.pack(order + "IHHIIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    for time, frame in frames:
        fraction = time % 10**9 // (1 if nanoseconds else 1000)
        out += struct.pack(order + "IIII", time // 10**9, fraction, len(frame), len(frame)) + frame
    return out


def frames_of(content):
    """(time, frame) of a capture file as ukc writes them."""
    expect(content[:24] == capture([]), "a header of the pcap format, little-endian and with nanoseconds", content[:24])
    at, found = 24, []
    while at < len(content):
        seconds, fraction, captured, size = struct.unpack_from("<IIII", content, at)
        expect(captured == size and at + 16 + size <= len(content), "frames are whole", at)
        found.append((seconds * 10**9 + fraction, content[at + 16:at + 16 + size]))
        at += 16 + size
    return found


def answer(frame):
    return frame[6:12] + bytes([2, 0, 0, 0, 0, 2]) + frame[12:]


def replay(context):
    with Project(context) as p:
        build(p, "tests/simulation/raw", "--set", "link=pcap", "--set", "after=stop", "--set", "times=number", "--profile", "dev", "--sanitize")
        expected = [(1000 * (i + 1), f) for i, f in enumerate(f for _, frame in FRAMES for f in (frame, answer(frame)))]
        kinds = {"little": capture(FRAMES), "big": capture(FRAMES, ">", False), "noheader": capture(FRAMES[:3] + [(0, b"short")] + FRAMES[3:])}
        for kind, content in kinds.items():
            p.write(kind, content)
            r = p.run(IMAGE, "--replay", kind, "--record", kind + ".out", "--pace", "lock_step")
            got = frames_of(p.read(kind + ".out"))
            expect(got == expected, f"{kind}: each frame and its answer are recorded", got, r)
            expect(("left out" in r.out) == (kind == "noheader"), f"{kind}: what cannot be used is told", r)
        broken(p)
        pace(p)


def broken(p):
    """A file that ends anywhere is used up to there, with a message; other nonsense is refused."""
    whole = capture(FRAMES)
    p.write("empty", whole[:24])
    r = p.run(IMAGE, "--replay", "empty", "--record", "out", "--pace", "lock_step")
    expect(frames_of(p.read("out")) == [] and "error" not in r.out, "a file without frames is a file", r)
    for cut, frames in ((25, 0), (24 + 16, 0), (24 + 16 + 30, 0), (24 + 16 + 60 + 3, 1), (len(whole) - 1, 5)):
        p.write("cut", whole[:cut])
        r = p.run(IMAGE, "--replay", "cut", "--record", "out", "--pace", "lock_step")
        expect(f"cut: frame {frames + 1}: the file ends" in r.out, f"cut after {cut} bytes", r)
        expect(len(frames_of(p.read("out"))) == 2 * frames, f"{frames} frames and their answers were recorded", r)
    p.write("huge", whole[:24] + struct.pack("<IIII", 1, 0, 0xffffffff, 0xffffffff))
    r = p.run(IMAGE, "--replay", "huge", "--pace", "lock_step")
    expect("huge: frame 1: longer than any frame is" in r.out, "a length that cannot be", r)
    refused = {"ng": (b"\n\r\r\n" + bytes(40), "pcapng"), "text": (b"hello" * 10, "not a pcap file"), "none": (b"", "too short"),
               "wifi": (whole[:20] + struct.pack("<I", 105), "not Ethernet")}
    for name, (content, why) in refused.items():
        p.write(name, content)
        r = p.run(IMAGE, "--replay", name, status=1)
        expect(why in r.out and "did not start" in r.err, name, r)
    p.run(IMAGE, "--replay", "missing", status=1)
    r = p.run(IMAGE, "--replay", "empty", "--record", "/dev/full", status=1)
    expect("cannot be written" in r.out, "a full disk", r)


def pace(p):
    """As captured, frames come after as much time as then, and one that is older than the one before comes with it."""
    back = [(time, frame) for time, (_, frame) in zip((0, 300_000_000, 600_000_000, 100_000_000), FRAMES)]
    p.write("back", capture(back))
    p.run(IMAGE, "--replay", "back", "--record", "out", "--pace", "as_captured", "--times", "clock")
    got = frames_of(p.read("out"))[::2]
    expect([f for _, f in got] == [f for _, f in back], "the frames", got)
    since = [time - got[0][0] for time, _ in got]
    # the first may have been late: a loaded machine needs some margin
    expect(150_000_000 <= since[1] and 450_000_000 <= since[2] <= since[3] < 5_000_000_000, "and when they came", since)


# ---- the switch ----

def lines_of(result):
    """What hosts printed: those that asked all got their answers."""
    return re.findall(r"^(\d+): .* (\d+) answered, (\d+) lost", result.out, re.M)


def same_seed(context):
    with Project(context) as p:
        build(p, "tests/simulation/raw", "--set", "link=switch")
        hosts = ["--serve", IMAGE, IMAGE + ":--peer=1 --count=50", "x20"]
        first = simulate(p, "--seed", "7", "--record", "one.pcap", *DELAYS, *hosts)
        again = simulate(p, "--seed", "7", "--record", "two.pcap", *DELAYS, *hosts)
        other = simulate(p, "--seed", "8", *DELAYS, *hosts)
        expect(first.out == again.out, "the same seed prints the same", first, again)
        expect(p.read("one.pcap") == p.read("two.pcap"), "and records the same")
        a, b = counts(first), counts(other)
        expect(a["trace"] != b["trace"] and a["time"] != b["time"], "another seed does not", first, other)
        expect(len(frames_of(p.read("one.pcap"))) == a["frames.sent"], "what was sent is recorded", first)
        expect(len(lines_of(first)) == 20 and all(n == "50" for _, n, _ in lines_of(first)), "every answer came", first)
        checked_counts(a, first)
        clean = counts(simulate(p, "--rate", "0", *hosts))
        expect(clean["frames.sent"] == 2 * 20 * 50 and all(clean["frames." + n] == 0 for n in
               ("lost", "duplicated", "reordered", "corrupted", "overflowed", "unread")), "a clean network loses nothing", clean)
        expect(clean["time"] == "0.000000000", "and takes no time", clean)


def checked_counts(a, result):
    """Each is near its share of about 2,000 frames and their answers."""
    sent = a["frames.sent"]
    expect(2000 <= sent <= 2500, "no more frames than were asked for and lost", result)
    for name, share in (("lost", 0.02), ("duplicated", 0.03), ("reordered", 0.02), ("corrupted", 0.01)):
        expect(0.4 * share * sent <= a["frames." + name] <= 1.8 * share * sent, f"{name}: about {share:.0%} of {sent}", result)


def faults(context):
    with Project(context) as p:
        build(p, "tests/simulation/raw", "--set", "link=switch")
        said = {"crash": "was killed by signal", "hang": "hangs", "leave": "ended with status 0, but not by returning", "spin": "hangs",
                "flood": "sends and sends"}
        for fault, why in said.items():
            r = simulate(p, "--patience", "4s", "--until", "1s", "--delay", "1ms", "--serve", IMAGE, IMAGE + ":--peer=1", "x3",
                         IMAGE + ":--peer=1 --fault=" + fault, status=1)
            expect(f"host 5 ({IMAGE}) {why}" in r.err and r.err.count("ukc-switch: host") == 1, f"{fault} is told", r)
            expect(len(lines_of(r)) == 3 and counts(r)["hosts.failed"] == 1, "and the others go on", r)
        r = simulate(p, "--serve", IMAGE, "./missing", status=1)
        expect("2: ./missing: No such file" in r.out and "host 2 (./missing) ended with status 127" in r.err, "no such image", r)
        r = simulate(p, IMAGE, IMAGE, status=1)
        expect("nothing can happen any more: 2 hosts wait for ever" in r.err and counts(r)["hosts.failed"] == 1, "a deadlock", r)
        r = simulate(p, "--until", "90s", IMAGE)
        expect(counts(r)["time"] == "90.000000000", "asked to stop at its time", r)
        r = simulate(p, "--record", "/dev/full", "--serve", IMAGE, IMAGE + ":--peer=1", status=3)
        expect("/dev/full could not be written" in r.err, "a full disk", r)
        r = p.run(IMAGE, status=1)
        expect("start it with ukc-switch" in r.err, "without a switch", r)


def refused(context):
    """What the switch cannot do ends at once, and is told: values out of range, an image for another link."""
    with Project(context) as p:
        for word, text in (("--loss=200%", "'200%' is not a share, from 0% to 100%"), ("--corrupt=1.01", "'1.01' is not a share"),
                           ("--mtu=9217", "'9217' is not a whole number, from 576 to 9216"), ("--queue=0", "'0' is not a whole number, from 1 to 2147483647"),
                           ("--seed=-1", "'-1' is not a whole number, from 0"), ("--delay=3", "'3' is not a time with its unit (ns, us"),
                           ("--until=600001h", "from 0 to 600000h"), ("--rate=2000Gbit", "from 0 to 1000Gbit"), ("--record=", "is not the name of a file")):
            r = simulate(p, word, IMAGE, status=2)
            expect(f"ukc-switch: {word.split('=')[0]}: " in r.err and text in r.err, f"{word} is refused, with what fits", r)
        build(p, "tests/simulation/raw", "--set", "link=pcap")
        r = simulate(p, "--patience=1h", IMAGE, status=1)
        expect("1: epoll_loop: this image is no host for ukc-switch: configure it with '--set net=native --set link=switch'" in r.out, "an image for another link", r)
        expect(f"host 1 ({IMAGE}) ended with status 1" in r.err, "does not run", r)


def attached(context):
    """A host that somebody else starts."""
    with Project(context) as p:
        build(p, "tests/simulation/raw", "--set", "link=switch")
        path = p.file("s")
        switch = os.path.join(os.path.dirname(str(context.ukc)), "ukc-switch")
        with subprocess.Popen([switch, "--serve", "@" + path, IMAGE + ":--peer=1"], cwd=p.path, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as running:
            line = running.stderr.readline()
            expect("waiting for hosts at" in line, "it says where it waits", line)
            p.run(IMAGE, "--socket", path)
            out, err = running.communicate(timeout=60)
            expect(running.returncode == 0 and "10 answered, 0 lost" in out, "both end well", out, err)
            expect(not os.path.exists(path), "the socket is gone")


def many(context):
    with Project(context) as p:
        build(p, "tests/simulation/raw", "--set", "link=switch")
        half = 500 if context.long else 150
        r = simulate(p, "--quiet", "--loss", "1%", "--delay", "1ms", "--serve", IMAGE, f"x{half}",
                     f"{IMAGE}:--peer={{n-{half}}} --count=20", f"x{half}")
        a = counts(r)
        expect(a["hosts"] == 2 * half and a["hosts.failed"] == 0, "all hosts end well", r)
        expect(a["frames.sent"] >= 40 * half and a["frames.lost"] > 0, "and talked", r)
        expect("answered" not in r.out, "quietly", r)


# ---- TCP ----

TCP = "build/posix/tcp-echo"
ADDRESSES = "--address=10.0.{n/250}.{n%250+1}/16 --address6=fd00::{n:x}/64 --level=info"


def tcp_hosts(servers, clients, more=""):
    return ["--serve", f"{TCP}:{ADDRESSES}", f"x{servers}", f"{TCP}:{ADDRESSES} --servers={servers} --first={{i}} {more}", f"x{clients}"]


def exchanged(result, clients, size):
    """Every client got back each byte that it sent."""
    done = re.findall(r"^\d+: .* info echo: (\d+) bytes came back, (\d+) failed", result.out, re.M)
    expect(done == [(str(size), "0")] * clients, f"{clients} clients got {size} bytes back", result)
    expect(counts(result)["hosts.failed"] == 0, "all hosts end well", result)


def tcp(context):
    with Project(context) as p:
        build(p, "tests/simulation/tcp", "--set", "net=native", "--set", "link=switch", "--set", "router=0.0.0.0", "--set", "router6=::")
        lossy = ["--loss", "1%", "--delay", "10ms", "--jitter", "2ms", "--reorder", "1%", "--duplicate", "3%", "--corrupt", "0.5%", "--until", "1h"]
        clients = 60 if context.long else 20
        first = simulate(p, "--seed", "3", *lossy, "--record", "one.pcap", *tcp_hosts(5, clients))
        exchanged(first, clients, 2 * 102400)
        again = simulate(p, "--seed", "3", *lossy, *tcp_hosts(5, clients))
        expect(first.out == again.out, "the same seed prints the same", first, again)
        worse = simulate(p, "--loss", "10%", "--delay", "100ms", "--until", "10h", *tcp_hosts(1, 4, "--bytes=30KiB"))
        exchanged(worse, 4, 2 * 30 * 1024)
        clean = simulate(p, "--delay", "1ms", "--record", "clean.pcap", *tcp_hosts(2, 4))
        exchanged(clean, 4, 2 * 102400)
        expect(retransmissions(frames_of(p.read("clean.pcap"))) == 0, "nothing is sent twice on a clean network", clean)
        expect(retransmissions(frames_of(p.read("one.pcap"))) > 0, "and something is when frames are lost", first)
        # time is virtual: an image that is slower by far does the same
        p.ukc("configure", "--profile", "dev", "--sanitize", "--target", "posix", "--set", "net=native", "--set", "link=switch", "--set", "router=0.0.0.0", "--set", "router6=::")
        p.ukc("build")
        slow = simulate(p, "--seed", "3", *lossy, *tcp_hosts(5, clients))
        expect(slow.out == first.out, "an image with sanitizers gives the same trace", first, slow)


def retransmissions(frames):
    """Segments with data over IPv4 whose place in the stream was sent before by the same end."""
    seen, again = set(), 0
    for _, frame in frames:
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        size = struct.unpack_from(">H", frame, 16)[0]
        ports = frame[34:38]
        data = size - 20 - (frame[46] >> 4) * 4
        if data > 0:
            place = (frame[26:34], ports, frame[38:42])
            again += place in seen
            seen.add(place)
    return again


def homepage(context):
    """Any image is a host by one key."""
    with Project(context) as p:
        build(p, "examples/homepage", "--set", "net=native", "--set", "link=switch")
        r = simulate(p, "--until", "100s", "build/posix/homepage:--address=10.0.0.{n+1}/24 --address6=fd00::{n+1:x}/64", "x3")
        expect(r.out.count("http: listening on port 8080") == 3 and counts(r)["time"] == "100.000000000", "all three serve, and stop", r)


def manual(context):
    """Every option of the help is in the manual page, which has no warnings."""
    with Project(context) as p:
        options = set(re.findall(r"^  --([a-z]+)", simulate(p, "--help").out, re.M))
        page = simulate(p, "--man").out
        expect(len(options) > 15, "there are options", options)
        expect(options == set(re.findall(r"^\.B \\-\\-([a-z]+)", page, re.M)), "both have the same", page)
        p.write("page.1", page)
        r = p.run(harness.need("man"), "--warnings", "-l", "page.1", environment={"MANWIDTH": "100"})
        expect(r.err == "" and "NAME" in r.out, "it can be rendered", r)


def tests(context):
    yield "switch/manual", lambda: manual(context)
    yield "replay", lambda: replay(context)
    yield "switch/same-seed", lambda: same_seed(context)
    yield "switch/faults", lambda: faults(context)
    yield "switch/refused", lambda: refused(context)
    yield "switch/attached", lambda: attached(context)
    yield "switch/many", lambda: many(context)
    yield "tcp", lambda: tcp(context)
    yield "homepage", lambda: homepage(context)
