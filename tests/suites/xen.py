"""xen images as PVH domains of a real Xen, in QEMU: created by xl, they run, end with a status, stop when they are told, and crash readably."""

import tempfile
import time
import urllib.parse

from lib import xen
from lib.probe import CRASHES, MANIFEST, PROBE, SAID, check_image
from lib.project import Project, expect, fetch, free_port

SECONDS = 900  # the C library may have to be compiled; Xen and dom0 are downloaded once

WAITING = """
#include "console.h"
#include "task.h"
#include <stdio.h>

int waiting_main(void)
{
    char line[80];
    printf("ready\\n");
    ptrdiff_t got = console_read_line(line, sizeof line, INT64_MAX);
    printf("%td %s\\n", got, got > 0 ? line : "");
    got = console_read_line(line, sizeof line, INT64_MAX);
    printf("%td\\n", got);
    return got == -125 /* ECANCELED */ ? 3 : 4;
}
"""

WAITING_MANIFEST = """
return unikernel "waiting" { sources = { "waiting.c" }, requires = { console = sig.console, task = sig.task } }
"""


def image(context, name, files=(), example=None):
    with Project(context) as p:
        if example:
            p.copy(f"examples/{example}")
        for file, text in files:
            p.write(file, text)
        p.ukc("configure", "--target", "xen")
        p.ukc("build", timeout=800)
        return p.read("build", "xen", name)


def run_elsewhere(context):
    """`ukc run` writes what xl takes, and says where to take it: there is no Xen here.  The file."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "xen")
        r = p.ukc("run", "-m", "4M", "--", "it's", "a b", status=3, timeout=800)
        expect("xl create -c build/xen/hello.xl\n" in r.err and "cannot be created here" in r.err, "it says what to do", r)
        written = p.read("build", "xen", "hello.xl").decode()
        r = p.ukc("run", "--dry-run", "-m", "4M", "--", "it's", "a b")
        expect(r.out == written, "--dry-run prints it", r, written)
        r = p.ukc("run", "-p", "8080:80", status=2)
        expect("--publish is for target kvm: a Xen domain has none of it yet" in r.err, "what there is not is refused", r)
        expect("not xen" in p.ukc("debug", status=2).err, "and so is debugging")
        return written.replace(p.file("build/xen/hello"), "/job/hello").encode() + b"on_poweroff = 'preserve'\n"


def machine(context):
    """One start of Xen for all: it takes as long as ten domains."""
    images = {
        "hello": image(context, "hello", example="hello"),
        "rng": image(context, "rng", example="rng"),
        "probe": image(context, "probe", [("ukc.lua", MANIFEST), ("probe.c", PROBE)]),
        "waiting": image(context, "waiting", [("ukc.lua", WAITING_MANIFEST), ("waiting.c", WAITING)]),
    }
    check_image(images["hello"])
    images["written.xl"] = run_elsewhere(context)
    script = "domain hello ''\ndomain hello2 --x\n".replace("domain hello2", "KERNEL=hello domain hello2")
    script += "xl create -q /job/written.xl && xl domid hello >/tmp/hello.id && await_end hello && report hello | sed 's/^@@ hello/@@ written/'\n"
    script += "domain rng ''\nMEMORY=24 domain probe ''\n"
    script += "".join(f"KERNEL=probe domain {what} --what={what}\n" for what in CRASHES)
    for wish in ("shutdown", "reboot"):
        script += f"KERNEL=waiting configure {wish} ''\nsed -i s/destroy/preserve/ /tmp/{wish}.cfg\ncreate {wish}\n"
        script += f"sleep 1; echo typed >$(xenstore-read /local/domain/$(cat /tmp/{wish}.id)/console/tty); sleep 1; timeout 20 xl {wish} {wish}\nawait_end {wish}; report {wish}\n"
    said, log = xen.run(context, images, script)
    found = xen.domains(said)
    check(found, said, log)


def check(found, said, log):
    def domain(name, status):
        expect(name in found, f"the domain {name} ran", said, log)
        expect(found[name].status == status, f"{name} ends with status {status}", found[name], log)
        return found[name]

    expect(domain("hello", 0).text == "Hello, world.\n", "it says hello, and nothing else", found["hello"])
    expect("there are no arguments" in domain("hello2", 64).text, "an argument reaches it", found["hello2"])
    expect("there are no arguments" in domain("written", 64).text, "xl takes the file that ukc run wrote, apostrophe and all", found["written"])
    expect(len(domain("rng", 0).text.strip().split("\n")[-1]) >= 64, "random bytes come", found["rng"])
    expect(domain("probe", 7).text == SAID, "tasks, time, memory and random bytes work", found["probe"])
    expect(not found["probe"].crashed, "Xen does not take a status for a crash", found["probe"])
    for what, words in CRASHES.items():
        d = domain(what, 111)
        expect(words in d.text and d.crashed, f"{what}: the report says what happened, and the toolstack that it crashed", d)
        expect(words in log, f"{what}: the hypervisor's log has the report too", log)
    for wish in ("shutdown", "reboot"):
        d = domain(wish, 3)
        expect(d.text.startswith("ready\n5 typed\n") and d.text.endswith("-125\n"), f"{wish}: it reads, and stops when it is told", d)


def patiently(port, path):
    """What the domain answers; while it starts, QEMU resets connections, or nothing comes."""
    for last in range(10, -1, -1):
        try:
            return fetch(port, path)[2]
        except OSError:
            if not last:
                raise
            time.sleep(1)


def network(context):
    """The home page, its interface bridged to QEMU's network: the host gets the same bytes as it embeds."""
    page = image(context, "homepage", example="homepage")
    port = free_port()
    script = """bridge
configure homepage '' "vif=['mac=00:16:3e:00:00:02,bridge=br0']"
create homepage && echo created
read word
timeout 20 xl shutdown homepage
await_end homepage; report homepage
"""
    options = ["-netdev", f"user,id=n0,net=10.0.0.0/24,host=10.0.0.1,hostfwd=tcp:127.0.0.1:{port}-10.0.0.2:8080", "-device", "e1000,netdev=n0"]
    with tempfile.TemporaryDirectory() as d:
        machine = xen.Machine(context, {"homepage": page}, script, d, options)
        machine.wait_for("created")
        root = context.root / "examples" / "homepage" / "htdocs"
        try:
            for file in sorted(f for f in root.rglob("*") if f.is_file()):
                got = patiently(port, "/" + urllib.parse.quote(str(file.relative_to(root))))
                expect(got == file.read_bytes(), f"{file.name} is the same from the domain", machine.log)
        finally:
            machine.tell("done")
            said, log = machine.finish()
    d = xen.domains(said)["homepage"]
    expect(d.status == 0 and not d.crashed, "it stops when it is told", d, log)


def tests(context):
    yield "network", lambda: network(context)
    yield "machine", lambda: machine(context)
