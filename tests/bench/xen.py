"""Domains of a real Xen, in QEMU: bytes and instructions beside those on kvm, requests beside a Linux with nginx, disks, least memory, many at once.

Counted, not timed.  A plugin counts what QEMU's one processor executes.  What an image executes itself is told from dom0 and Xen by its
addresses, where nothing else is; what starting a domain costs, and a request to one of two systems, is all of it.
"""

import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from guest import linux  # noqa: E402
from guest.profile import CLIENT, HIGH, LOW, Profile  # noqa: E402
from guest.qemu import Bench, Counts, Image, counter, entry, need  # noqa: E402
from lib import xen  # noqa: E402
from lib.project import Project, fetch, free_port  # noqa: E402

PAGE, ADDRESS = "1.html", "10.0.0.2"
MEMORY = {"hello": 2, "homepage": 3}  # MiB, the aims; xl counts in MiB, and starts nothing with 1

SCRIPT = """
bridge
ip addr add 10.0.0.1/24 dev br0
mark() { echo "@@ at $1"; read -r told; }
run() { domain "$@"; }
page() { timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.0.2/8080; printf "GET /1.html HTTP/1.0\\r\\n\\r\\n" >&3; tail -n 1 <&3' 2>/dev/null | wc -c; }
await_page() { # NAME
	for try in $(seq 50); do
		[ "$(page)" = 1024 ] && return
		case "$(state $1)" in *s*|*c*) return 1 ;; esac
		sleep 0.2
	done
	return 1
}
mark start
run hello ''
mark hello
configure homepage '' "vif=['bridge=br0']"
create homepage && await_page homepage && sleep 3
mark homepage
timeout 60 xl shutdown homepage; await_end homepage; report homepage
KERNEL=vmlinuz MEMORY=256 configure linux 'console=hvc0 quiet' "ramdisk='/job/initrd'" "vif=['bridge=br0']"
create linux && await_page linux && sleep 3
mark linux
timeout 20 xl destroy linux
truncate -s 16M /tmp/disk.img
for words in %(transfers)s; do
	KERNEL=sectors domain disk "$(echo $words | tr , ' ')" "disk=['format=raw,vdev=xvda,access=rw,target=/tmp/disk.img']"
	mark $words
done
for memory in 1 2 3 4 5 6; do
	MEMORY=$memory KERNEL=hello run hello$memory ''
	MEMORY=$memory KERNEL=homepage configure homepage$memory '' "vif=['bridge=br0']"
	create homepage$memory && await_page homepage$memory && echo "@@ serves $memory"
	timeout 20 xl destroy homepage$memory
done
KERNEL=hello configure many ''
for number in $(seq %(many)d); do
	sed "s/'many'/'many$number'/; s/memory=.*/memory=8/; s/hello/waiting/" /tmp/many.cfg >/tmp/many$number.cfg
	create many$number || break
	mark many$number
done
"""

SECTORS = """
#include "block.h"
#include "keys.h"
#include <string.h>

int sectors_main(void)
{
    static char memory[1 << 20];
    bool writes = strcmp(KEY_WHAT, "write") == 0;
    unsigned each = KEY_SIZE / 512;
    int error = 0;
    for (unsigned i = 0; !error && i < KEY_COUNT; i++) {
        uint64_t sector = (uint64_t)i * each % (16 << 11);
        error = writes ? block_write(sector, memory, KEY_SIZE) : block_read(sector, memory, KEY_SIZE);
    }
    return error != 0;
}
"""
SECTORS_MANIFEST = """
return unikernel "sectors" {
  sources = { "sectors.c" }, requires = { block = sig.block },
  keys    = {
    what  = key.string { default = "read", phase = "boot", doc = "or write" },
    size  = key.integer { default = 4096, phase = "boot", doc = "bytes of each" },
    count = key.integer { default = 0, phase = "boot", doc = "how many" },
  },
}
"""
TRANSFERS = [(what, size, count) for what in ("read", "write") for size, count in ((4096, 200), (1 << 20, 16))]

WAITING = """
#include "console.h"
#include <stdint.h>

int waiting_main(void)
{
    char line[80];
    return console_read_line(line, sizeof line, INT64_MAX) < 0;
}
"""
WAITING_MANIFEST = 'return unikernel "waiting" { sources = { "waiting.c" }, requires = { console = sig.console } }\n'


def built(p, target, name, files, *options):
    for file, text in files.items():
        p.write(file, text)
    p.ukc("configure", "--target", target, *options)
    return p.file(p.ukc("build", "--json", timeout=800).json["image"])


def images(context, directory):
    """{target: {name: path}}, copies of what is built."""
    sources = {"sectors": {"sectors.c": SECTORS, "ukc.lua": SECTORS_MANIFEST}, "hello": {}, "homepage": {f"htdocs/{PAGE}": "x" * 1024}, "waiting": {"waiting.c": WAITING, "ukc.lua": WAITING_MANIFEST}}
    out = {"xen": {}, "kvm": {}}
    for name, files in sources.items():
        with Project(context) as p:
            if name not in ("waiting", "sectors"):
                p.copy(f"examples/{name}")
            options = ["--set", "http.requests=2000000000"] if name == "homepage" else []
            for target in ("xen", "kvm") if name in ("hello", "homepage") else ("xen",):
                out[target][name] = os.path.join(directory, f"{name}.{target}")
                os.rename(built(p, target, name, files, *options), out[target][name])
    return out


def kvm_hello(directory, path):
    """Instructions of hello on kvm, from its entry to its end."""
    counts = Bench(directory).end(Image(path, events=[f"at={entry(path)}"]))[2]
    return counts.now - counts[1]


class Lab:
    """The machine with Xen, what it executed so far, and how much of it an image did."""

    def __init__(self, context, files, script, directory, port, memory):
        self.count, self.profile = (os.path.join(directory, name) for name in ("count", "profile"))
        options = ["-plugin", f"{counter(directory)},to={self.count},profile={self.profile},low={LOW},high={HIGH}", "-device", "e1000,netdev=net",
                   "-netdev", f"user,id=net,net=10.0.0.0/24,host=10.0.0.4,hostfwd=tcp:127.0.0.1:{port}-{ADDRESS}:8080"]
        self.machine = xen.Machine(context, files, script, directory, options, memory, timeout=3600)

    def wait_for(self, mark):
        self.machine.wait_for(f"@@ at {mark}")

    def go_on(self):
        self.machine.tell("")

    @property
    def all(self):
        return Counts(self.count).now

    @property
    def own(self):
        return sum(Profile(self.profile).counts.values())


def requests(lab, p, port, count):
    """Instructions for one, of the image and of the whole machine: so many, and twice as many."""
    marks = [(lab.own, lab.all)]
    for times in (1, 2):
        p.run(sys.executable, "-c", CLIENT, "127.0.0.1", str(port), f"/{PAGE}", "1", str(times * count), timeout=1200)
        marks.append((lab.own, lab.all))
    return [((third - second) - (second - first)) / count for first, second, third in zip(*marks)]


def beside(lab, p, port, count, whole):
    """What a Linux with nginx takes of the whole machine, if its kernel starts as a domain here."""
    try:
        assert len(fetch(port, f"/{PAGE}")[2]) == 1024
    except OSError as e:
        return f"nginx on Linux in a domain does not answer: {e}"
    linuxs = requests(lab, p, port, count)[1]
    return f"with nginx on Linux in a domain {linuxs:,.0f}, {linuxs / whole:.2f} of homepage's"


def transfers(lab):
    """Of each kind so many and twice as many."""
    for what, size, count in TRANSFERS:
        marks = []
        for times in (1, 2):
            before = lab.own, lab.all
            lab.go_on()
            lab.wait_for(words(what, size, times * count))
            marks.append((lab.own - before[0], lab.all - before[1]))
        own, all = (((second - first) / count) for first, second in zip(*marks))
        yield f"{what} of {size:,} bytes: {own:,.0f} instructions of the image, {1e6 / own:,.1f} for a million; {all:,.0f} of the whole machine"


def words(what, size, count):
    return f"--what={what},--size={size},--count={count}"


def measure(context):
    need("qemu-system-x86_64", "cc", "clang-19", "ld.lld-19", "nginx")
    context.sanitized = False
    many, count = (3, 50) if context.quick else (50, 400)
    with tempfile.TemporaryDirectory() as directory, Project(context) as p:
        made = images(context, directory)
        for name in ("hello", "homepage"):
            ours, theirs = (os.path.getsize(made[target][name]) for target in ("xen", "kvm"))
            yield f"{name}: {ours:,} bytes, {ours / theirs:.3f} of kvm's"
        files = {name: open(path, "rb").read() for name, path in made["xen"].items()}
        theirs = linux.guest(directory, {PAGE: "x" * 1024}, linux.XEN_MODULES)
        for name, path in (("vmlinuz", theirs.kernel), ("initrd", theirs.initrd)):
            files[name] = open(path, "rb").read()
        kinds = " ".join(words(what, size, times * count) for what, size, count in TRANSFERS for times in (1, 2))
        port = free_port()
        lab = Lab(context, files, SCRIPT % {"many": many, "transfers": kinds}, directory, port, 4096)
        lab.wait_for("start")
        before = lab.own
        lab.go_on()
        lab.wait_for("hello")
        own, kvm = lab.own - before, kvm_hello(directory, made["kvm"]["hello"])
        yield f"hello: {own:,} instructions of its own to its end, {own / kvm:.2f} of kvm's ({kvm:,})"
        before = lab.own
        lab.go_on()
        lab.wait_for("homepage")
        assert len(fetch(port, f"/{PAGE}")[2]) == 1024
        yield f"homepage: {lab.own - before:,} instructions of its own until it has answered twice, and waits"
        each, whole = requests(lab, p, port, count)
        yield f"homepage: {each:,.0f} instructions of its own for a keep-alive request, {1e6 / each:,.0f} requests for a million"
        lab.go_on()
        lab.wait_for("linux")
        yield f"the same of the whole machine: {whole:,.0f}; {beside(lab, p, port, count, whole)}"
        yield from transfers(lab)
        lab.go_on()
        first = last = None
        for number in range(1, many + 1):
            lab.wait_for(f"many{number}")
            if last:
                first = first or lab.all - last
            if last and (number in (2, many) or number % 10 == 0):
                yield f"creating domain {number} costs {lab.all - last:,} instructions of the whole machine, {(lab.all - last) / first:.2f} of the second"
            last = lab.all
            lab.go_on()
        said = lab.machine.finish()[0]
        ends = {int(d.name[5:]) for d in xen.domains(said).values() if re.fullmatch(r"hello\d", d.name) and d.status == 0}
        serves = {int(n) for n in re.findall(r"@@ serves (\d+)", said)}
        for name, works in (("hello", ends), ("homepage", serves)):
            yield f"{name}: works with {min(works)} MiB, the aim is {MEMORY[name]}" if works else f"{name}: works with none of 1 to 6 MiB"
        yield f"{many} domains at once in 4 GiB, dom0's half included, 8 MiB each"
