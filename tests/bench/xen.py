"""Domains of a real Xen, in QEMU: bytes and instructions beside those on kvm, requests beside a Linux with nginx, disks, least memory, many at once.

Counted, not timed.  A plugin counts what QEMU's one processor executes, by blocks.  What a domain executes itself, of which there is one, is what comes
between Xen's VMRUN and Xen's next instruction; of hello, which is small, the plugin counts the instructions at its addresses one by one.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from guest import linux  # noqa: E402
from guest.profile import CLIENT, HIGH, LOW  # noqa: E402
from guest.qemu import Bench, Counts, Image, counter, entry, need, symbols  # noqa: E402
from lib import xen  # noqa: E402
from lib.project import Project, fetch, free_port  # noqa: E402

PAGE, ADDRESS = "1.html", "10.0.0.2"
VIF = "vif=['mac=00:16:3e:00:00:02,bridge=br0']"  # of both domains that have the address, one after the other: QEMU's network keeps what it learned of the first
HYPERVISOR = ["host_low=0xffff82d040000000", "host_high=0xffff82d080000000"]  # Xen's own code (xen/arch/x86/include/asm/config.h, XEN_VIRT_START)
RANGE = [f"low={LOW}", f"high={HIGH}"]
MEMORY = {"hello": 2, "homepage": 3}  # MiB, the aims; xl counts in MiB, and starts nothing with 1

SCRIPT = """
bridge
ip addr add 10.0.0.1/24 dev br0
mark() { echo "@@ at $1"; read -r told; }
page() { timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.0.2/8080; printf "GET /1.html HTTP/1.0\\r\\n\\r\\n" >&3; tail -n 1 <&3' 2>/dev/null | wc -c; }
await_page() { # NAME [TRIES]
	for try in $(seq ${2:-100}); do
		[ "$(page)" = 1024 ] && return
		case "$(state $1)" in *s*|*c*) return 1 ;; esac
		sleep 0.2
	done
	return 1
}
mark start
"""

# What dom0 does for each part, with what of the names below.
HELLO = """
domain hello ''
mark hello
"""
HOMEPAGE = """
configure homepage '' "%(vif)s"
create homepage && await_page homepage && sleep 3
mark homepage
timeout 60 xl shutdown homepage; await_end homepage; report homepage
"""
LINUX = """
KERNEL=vmlinux MEMORY=256 configure linux 'console=hvc0 quiet' "ramdisk='/job/initrd'" "%(vif)s"
create linux && await_page linux 400 && sleep 3
mark linux
report linux
"""
DISKS = """
truncate -s 16M /tmp/disk.img
for words in %(transfers)s; do
	KERNEL=sectors domain disk "$(echo $words | tr , ' ')" "disk=['format=raw,vdev=xvda,access=rw,target=/tmp/disk.img']"
	mark $words
done
"""
LEAST = """
for memory in 1 2 3 4 5 6; do
	MEMORY=$memory KERNEL=hello domain hello$memory ''
	MEMORY=$memory KERNEL=homepage configure homepage$memory '' "vif=['bridge=br0']"
	create homepage$memory && await_page homepage$memory && echo "@@ serves $memory"
	timeout 100 xl destroy homepage$memory
done
mark least
"""
MANY = """
KERNEL=hello configure many ''
for number in $(seq %(many)d); do
	sed "s/'many'/'many$number'/; s/memory=.*/memory=8/; s/hello/waiting/" /tmp/many.cfg >/tmp/many$number.cfg
done
mark many0
for number in $(seq %(many)d); do
	create many$number || break
	[ $number -lt %(many)d ] || echo "@@ at once: $(timeout 20 xl list | grep -c '^many.* [-r][-b]----')"
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
TRANSFERS = [(what, size, count) for what in ("read", "write") for size, count in ((4096, 2000), (1 << 20, 64))]  # what it costs to create a domain differs a little
NOTHING = ("read", 512, 0)

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
    """{target: {name: path}}, copies of what is built, and {target: addresses in hello, by name}."""
    sources = {"sectors": {"sectors.c": SECTORS, "ukc.lua": SECTORS_MANIFEST}, "hello": {}, "homepage": {f"htdocs/{PAGE}": "x" * 1024}, "waiting": {"waiting.c": WAITING, "ukc.lua": WAITING_MANIFEST}}
    out, names = {"xen": {}, "kvm": {}}, {}
    for name, files in sources.items():
        with Project(context) as p:
            if name not in ("waiting", "sectors"):
                p.copy(f"examples/{name}")
            options = ["--set", "http.requests=2000000000"] if name == "homepage" else []
            for target in ("xen", "kvm") if name in ("hello", "homepage") else ("xen",):
                out[target][name] = os.path.join(directory, f"{name}.{target}")
                path = built(p, target, name, files, *options)
                if name == "hello":
                    names[target] = symbols(path + ".debug")
                os.rename(path, out[target][name])
    return out, names


def steps(path, main, out):
    """Of hello: its entry, main, and the first byte out, as events."""
    return [f"at={entry(path)}", f"at={main}", out, *RANGE]


def kvm_hello(directory, path, main):
    """Instructions of hello on kvm: from its entry to main, to the first byte out, and to its end."""
    counts = Bench(directory).end(Image(path, events=steps(path, main, "out=1")))[2]
    return own_steps(counts)


def own_steps(counts):
    return [counts.own(event) - counts.own(0) for event in (1, 2, -1)]


class Kvm:
    """homepage on kvm, behind the same network of QEMU's."""

    def __init__(self, directory, path, port):
        self.count = os.path.join(directory, "kvm.count")
        network = ["-netdev", f"user,id=net,net=10.0.0.0/24,host=10.0.0.4,hostfwd=tcp:127.0.0.1:{port}-{ADDRESS}:8080", "-device", "virtio-net-pci,disable-legacy=on,romfile=,netdev=net"]
        self.process = subprocess.Popen(Bench(directory).command(Image(path, events=RANGE), "q35", "64M", network, self.count), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    @property
    def own(self):
        return Counts(self.count).own()

    @property
    def all(self):
        return Counts(self.count).now


@contextlib.contextmanager
def on_kvm(directory, path, port):
    machine = Kvm(directory, path, port)
    try:
        await_page(port)
        yield machine
    finally:
        machine.process.kill()
        machine.process.wait()


def await_page(port):
    for last in range(60, -1, -1):
        try:
            assert len(fetch(port, f"/{PAGE}")[2]) == 1024
            return
        except OSError:
            if not last:
                raise
            time.sleep(1)


class Lab(contextlib.AbstractContextManager):
    """The machine with Xen, what it executed so far, and how much of it an image did."""

    def __init__(self, context, files, script, directory, port, events):
        self.count = os.path.join(directory, "count")
        options = ["-plugin", f"{counter(directory)},to={self.count},blocks=1,{','.join([*HYPERVISOR, *events])}", "-device", "e1000,netdev=net",
                   "-netdev", f"user,id=net,net=10.0.0.0/24,host=10.0.0.4,hostfwd=tcp:127.0.0.1:{port}-{ADDRESS}:8080"]
        self.machine = xen.Machine(context, files, script, directory, options, 4096, timeout=3600)
        self.port = port

    def __exit__(self, *problem):
        self.machine.__exit__(*problem)

    def wait_for(self, mark):
        self.machine.wait_for(f"@@ at {mark}")

    def go_on(self):
        self.machine.tell("")

    @property
    def all(self):
        return Counts(self.count).now

    @property
    def own(self):
        """Of the one domain that there is, by the hypervisor's doing."""
        return Counts(self.count).guests


def requests(lab, p, port, count):
    """Instructions for one, of the image and of the whole machine: so many, and twice as many."""
    marks = [(lab.own, lab.all)]
    for times in (1, 2):
        p.run(sys.executable, "-c", CLIENT, "127.0.0.1", str(port), f"/{PAGE}", "1", str(times * count), timeout=1200)
        marks.append((lab.own, lab.all))
    return [((third - second) - (second - first)) / count for first, second, third in zip(*marks)]


def words(what, size, count):
    return f"--what={what},--size={size},--count={count}"


class Setting:
    """What is the same for all parts."""

    def __init__(self, context, directory, p):
        self.directory, self.p = directory, p
        self.many, self.count = (3, 50) if context.quick else (50, 400)
        self.made, self.names = images(context, directory)

    def steps(self):
        """What is printed is in the console's ring when dom0 is told of it."""
        return steps(self.made["xen"]["hello"], self.names["xen"]["main"], f"at={self.names['xen']['xen_event_send']}")

    def script(self, parts):
        kinds = [words(*NOTHING), *(words(what, size, times * count) for what, size, count in TRANSFERS for times in (1, 2))]
        return SCRIPT + "".join(script for script, _ in parts) % {"vif": VIF, "many": self.many, "transfers": " ".join(kinds)}

    def files(self):
        theirs = linux.guest(self.directory, {PAGE: "x" * 1024}, linux.XEN_MODULES)
        files = {name: open(path, "rb").read() for name, path in {**self.made["xen"], "initrd": theirs.initrd}.items()}
        return {**files, "vmlinux": linux.unpacked(theirs.kernel)}


def hello(lab, s):
    lab.go_on()
    lab.wait_for("hello")
    for to, own, kvm in zip(("main", "the first byte out", "its end"), own_steps(Counts(lab.count)), kvm_hello(s.directory, s.made["kvm"]["hello"], s.names["kvm"]["main"])):
        yield f"hello: {own:,} instructions of its own to {to}, {own / kvm:.2f} of kvm's ({kvm:,})"


def homepage(lab, s):
    before = lab.own
    lab.go_on()
    lab.wait_for("homepage")
    assert len(fetch(lab.port, f"/{PAGE}")[2]) == 1024
    yield f"homepage: {lab.own - before:,} instructions of its own until it has answered twice, and waits"
    s.each, whole = requests(lab, s.p, lab.port, s.count)
    port = free_port()
    with on_kvm(s.directory, s.made["kvm"]["homepage"], port) as kvm:
        theirs = requests(kvm, s.p, port, s.count)[0]
    yield f"homepage: {s.each:,.0f} instructions of its own for a keep-alive request, {s.each / theirs:.2f} of kvm's ({theirs:,.0f}), {1e6 / s.each:,.0f} requests for a million"
    yield f"homepage: {whole:,.0f} of the whole machine for one, most of it dom0's and Xen's"


def nginx(lab, s):
    lab.go_on()
    lab.wait_for("linux")
    try:
        assert len(fetch(lab.port, f"/{PAGE}")[2]) == 1024
    except OSError as e:
        yield f"nginx on Linux in a domain does not answer: {e}"
        return
    each, whole = requests(lab, s.p, lab.port, s.count)
    yield f"nginx on Linux in a domain: {each:,.0f} instructions of its own for a request, {each / s.each:.1f} of homepage's, {1e6 / each:,.0f} requests for a million; {whole:,.0f} of the whole machine"


def disks(lab, s):
    """Of each kind so many and twice as many, after a domain that transfers nothing."""
    lab.go_on()
    lab.wait_for(words(*NOTHING))
    for what, size, count in TRANSFERS:
        marks = []
        for times in (1, 2):
            before = lab.own, lab.all
            lab.go_on()
            lab.wait_for(words(what, size, times * count))
            marks.append((lab.own - before[0], lab.all - before[1]))
        own, all = (((second - first) / count) for first, second in zip(*marks))
        assert own > 0, f"nothing was transferred: {lab.machine.said}"
        yield f"{what} of {size:,} bytes: {own:,.0f} instructions of the image, {1e6 / own:,.1f} for a million; {all:,.0f} of the whole machine"


def least(lab, s):
    lab.go_on()
    lab.wait_for("least")
    found = {"hello": {int(d.name[5:]) for d in xen.domains(lab.machine.said).values() if re.fullmatch(r"hello\d", d.name) and d.status == 0},
             "homepage": {int(n) for n in re.findall(r"@@ serves (\d+)", lab.machine.said)}}
    for name, works in found.items():
        yield f"{name}: works with {min(works)} MiB, the aim is {MEMORY[name]}" if works else f"{name}: works with none of 1 to 6 MiB"


def many(lab, s):
    lab.go_on()
    lab.wait_for("many0")
    first = None
    for number in range(1, s.many + 1):
        before = lab.all
        lab.go_on()
        lab.wait_for(f"many{number}")
        cost = lab.all - before
        first = first or cost
        if number in (1, 2, s.many) or number % 10 == 0:
            yield f"creating domain {number} costs {cost:,} instructions of the whole machine, {cost / first:.2f} of the first"
    count = re.findall(r"^@@ at once: (\d+)$", lab.machine.said, re.M)
    yield f"{count[-1] if count else 'no'} domains at once in 4 GiB, dom0's half included, 8 MiB each"


PARTS = [(HELLO, hello), (HOMEPAGE, homepage), (LINUX, nginx), (DISKS, disks), (LEAST, least), (MANY, many)]


def measure(context, parts=PARTS):
    need("qemu-system-x86_64", "cc", "clang-19", "ld.lld-19", "nginx")
    context.sanitized = False
    with tempfile.TemporaryDirectory() as directory, Project(context) as p:
        s = Setting(context, directory, p)
        for name in ("hello", "homepage"):
            ours, theirs = (os.path.getsize(s.made[target][name]) for target in ("xen", "kvm"))
            yield f"{name}: {ours:,} bytes, {ours / theirs:.3f} of kvm's"
        with Lab(context, s.files(), s.script(parts), directory, free_port(), s.steps()) as lab:
            lab.wait_for("start")
            for _, part in parts:
                yield from part(lab, s)
            lab.go_on()
            lab.machine.finish()
