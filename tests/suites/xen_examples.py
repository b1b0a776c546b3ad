"""Examples on Xen as they are, and what keeps something: one start of Xen serves all of them, each as a domain of its own."""

import subprocess
import tempfile
import time

import harness
from lib import xen
from lib.project import Project, expect, free_port

SECONDS = 1200  # the C library may have to be compiled; Xen and dom0 are downloaded once

# `disk FILE SIZE [VDEV [ACCESS]]` makes one in dom0 and prints its line for xl.
DISKS = """
disk() { truncate -s $2 /tmp/$1; echo "disk=['format=raw,vdev=${3:-xvda},access=${4:-rw},target=/tmp/$1']"; }
"""


def image(context, folder, *words, options=()):
    with Project(context) as p:
        p.copy(folder)
        p.ukc("configure", *words, "--target", "xen", *options)
        built = p.ukc("build", *words, "--json", timeout=800).json
        return p.read(built["image"])


def run_with_disks(context):
    """`ukc run --block`: what the file for xl says, and what is refused; counter's image."""
    with Project(context) as p:
        p.copy("examples/counter")
        p.ukc("configure", "--target", "xen")
        p.ukc("build", timeout=800)
        p.write("it's, one", bytes(1 << 20))
        r = p.ukc("run", "--dry-run", "--block", "it's, one,ro", "--block", "it's, one")
        path = p.file("it's, one").replace("'", "\\'")
        wanted = [f"'format=raw,vdev={vdev},access={access},target={path}'" for vdev, access in (("xvda", "ro"), ("xvdb", "rw"))]
        expect(f"disk = [{', '.join(wanted)}]\n" in r.out, "xl is given the disks", r)
        expect("drivers for 1 disk, and the machine has 0: --block FILE adds one" in p.ukc("run", "--dry-run").err, "a missing one is noticed")
        expect("does not start" in p.ukc("run", status=2).err, "and refused when it is to run")
        return p.read("build", "xen", "counter")


def ask(port, method, path):
    """What the domain answers; while it starts, QEMU resets connections, or nothing comes."""
    for last in range(20, -1, -1):
        r = subprocess.run([harness.need("curl"), "-sS", "--max-time", "30", "-X", method, f"http://127.0.0.1:{port}/{path}"], capture_output=True, text=True)
        if not r.returncode or not last:
            return r.stdout or r.stderr
        time.sleep(1)


def all_held(d, checks):
    lines = d.text.splitlines()
    good = sum(line.startswith("ok ") for line in lines)
    expect(d.status == 0 and f"{good} passed, 0 failed" in lines and good >= checks, f"{d.name}: every check holds, {checks} at least", d)


def disks(context):
    """The counter goes on where it was when it is created again; the conformance checks of sectors hold on what dom0's kernel offers."""
    images = {"counter": run_with_disks(context), "sectors": image(context, "tests/conformance/block")}
    script = DISKS + """
bridge
configure counter '' "vif=['mac=00:16:3e:00:00:02,bridge=br0']" "$(disk store 1M)"
for boot in first second; do
	create counter && echo $boot
	read word
	timeout 20 xl shutdown counter
	await_end counter; report counter | sed "s/^@@ counter/@@ $boot/"
done
truncate -s 1M /tmp/large
large=$(losetup -f --show --sector-size 4096 /tmp/large)
# a plain disk; one of large sectors; one that is only read
KERNEL=sectors domain plain '' "$(disk plain 1M xvdb)"
KERNEL=sectors domain large '' "disk=['format=raw,vdev=xvda,access=rw,target=$large']"
KERNEL=sectors domain fixed '' "$(disk fixed 1M xvda ro)"
"""
    port = free_port()
    options = ["-netdev", f"user,id=n0,net=10.0.0.0/24,host=10.0.0.1,hostfwd=tcp:127.0.0.1:{port}-10.0.0.2:8080", "-device", "e1000,netdev=n0"]
    with tempfile.TemporaryDirectory() as d:
        machine = xen.Machine(context, images, script, d, options, timeout=480)
        try:
            machine.wait_for("first")
            got = [ask(port, *q) for q in (("GET", "a"), ("POST", "a"), ("POST", "a"), ("POST", "b"))]
            machine.tell("done")
            machine.wait_for("second")
            got += [ask(port, *q) for q in (("POST", "a"), ("GET", "b"), ("DELETE", "b"), ("GET", "b"))]
            machine.tell("done")
        finally:
            said, log = machine.finish()
    found = xen.domains(said)
    expect(got == ["0\n", "1\n", "2\n", "1\n", "3\n", "1\n", "", "0\n"], "it counts, and remembers over an end", got, said, log)
    for boot in ("first", "second"):
        expect(boot in found and found[boot].status == 0, "it stops when it is told", said, log)
    for name, checks in (("plain", 9), ("large", 9), ("fixed", 3)):
        expect(name in found, f"the domain {name} ran", said, log)
        all_held(found[name], checks)


def tests(context):
    yield "disks", lambda: disks(context)
