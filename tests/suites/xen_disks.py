"""What keeps something on Xen: disks, as ukc run gives them to xl, and as dom0 serves them."""

import subprocess
import tempfile
import time

import harness
from lib import xen
from lib.project import Project, expect, free_port

SECONDS = 1200  # the C library may have to be compiled; Xen and dom0 are downloaded once


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


def disks(context):
    """The counter counts, and dom0 finds its store in the file that was the disk."""
    images = {"counter": run_with_disks(context)}
    script = """
bridge
truncate -s 1M /tmp/disk.img
configure counter '' "vif=['mac=00:16:3e:00:00:02,bridge=br0']" "disk=['format=raw,vdev=xvda,access=rw,target=/tmp/disk.img']"
create counter && echo created
read word
timeout 20 xl shutdown counter
await_end counter; report counter
echo "disk: $(head -c 6 /tmp/disk.img)"
"""
    port = free_port()
    options = ["-netdev", f"user,id=n0,net=10.0.0.0/24,host=10.0.0.1,hostfwd=tcp:127.0.0.1:{port}-10.0.0.2:8080", "-device", "e1000,netdev=n0"]
    with tempfile.TemporaryDirectory() as d:
        machine = xen.Machine(context, images, script, d, options, timeout=480)
        try:
            machine.wait_for("created")
            got = [ask(port, *q) for q in (("GET", "a"), ("POST", "a"), ("POST", "a"), ("GET", "a"))]
            machine.tell("done")
        finally:
            said, log = machine.finish()
    found = xen.domains(said)
    expect(got == ["0\n", "1\n", "2\n", "2\n"], "it counts", got, said, log)
    expect("counter" in found and found["counter"].status == 0, "it stops when it is told", said, log)
    expect("blkfront: 2048 sectors of 512 bytes" in found["counter"].text, "it says what the disk is", found["counter"])
    expect("disk: ukc kv" in said.splitlines(), "dom0 finds the store on the disk", said)


def tests(context):
    yield "disks", lambda: disks(context)
