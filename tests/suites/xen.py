"""xen images as PVH domains of a real Xen, in QEMU: created by xl, they run, end with a status, stop when they are told, and crash readably."""

import json
import os
import subprocess
import time
import urllib.parse
import xml.etree.ElementTree

import harness
from lib import xen
from lib.probe import CRASHES, MANIFEST, PROBE, SAID, check_image
from lib.project import Project, expect, fetch, free_port

SECONDS = 900  # the C library may have to be compiled; Xen and dom0 are downloaded once

WAITING = """
#include "console.h"
#include "keys.h"
#include "task.h"
#include <stdio.h>
#include <ukc/deadline.h>

static void read_on(void *)
{
    char line[80];
    while (console_read_line(line, sizeof line, DEADLINE_NEVER) >= 0) {
    }
}

int waiting_main(void)
{
    char line[80];
    printf("ready\\n");
    if (KEY_STUBBORN) { /* the child is not told, and waiting for it does not end */
        task_spawn(NULL, 0, read_on, NULL);
        task_end_children(DEADLINE_NEVER);
    }
    ptrdiff_t got = console_read_line(line, sizeof line, INT64_MAX);
    printf("%td %s\\n", got, got > 0 ? line : "");
    got = console_read_line(line, sizeof line, INT64_MAX);
    printf("%td\\n", got);
    return got == -125 /* ECANCELED */ ? 3 : 4;
}
"""

WAITING_MANIFEST = """
return unikernel "waiting" {
  sources = { "waiting.c" }, requires = { console = sig.console, task = sig.task },
  keys = { stubborn = key.bool { default = false, phase = "boot", doc = "does not stop when it is told" } },
}
"""

PATIENT = """
#include "console.h"
#include <stdint.h>

int patient_main(void)
{
    char line[80];
    return console_read_line(line, sizeof line, INT64_MAX) < 0;
}
"""  # without tasks
PATIENT_MANIFEST = 'return unikernel "patient" { sources = { "patient.c" }, requires = { console = sig.console } }\n'

PAIR_MANIFEST = """
return unikernel "pair" {
  sources = { "pair.c" },
  requires = { front = sig.block, back = sig.block, console = sig.console },
  choose = { front = instance "blkfront" { set = { index = 1 } }, back = instance "blkfront" { set = { index = 0 } } },
}
"""
PAIR = """
#include "back.h"
#include "front.h"
#include <stdio.h>
#include <string.h>

int pair_main(void)
{
    static char sector[512];
    struct block_info front, back;
    front_info(&front);
    back_info(&back);
    printf("%d%s %d%s\\n", (int)front.sectors, front.read_only ? " ro" : "", (int)back.sectors, back.read_only ? " ro" : "");
    int error = front_read(0, sector, sizeof sector);
    printf("%d %s\\n", error, sector);
    printf("%d\\n", front_write(1, sector, sizeof sector));
    strcat(sector, " and back");
    error = back_write(7, sector, sizeof sector);
    printf("%d %d\\n", error, back_flush());
    return 7;
}
"""


def disks_in_qemu(context):
    """`ukc run --in-qemu --block`: disks by number in dom0 are the host's files, in their order, with what is said of them."""
    xen.host(context)
    with Project(context) as p:
        p.environment["XDG_CACHE_HOME"] = xen.cache(context)
        p.write("ukc.lua", PAIR_MANIFEST)
        p.write("pair.c", PAIR)
        p.write("one, it's", bytes(1 << 16))
        p.write("two", b"there".ljust(1 << 17, b"\0"))
        p.ukc("configure", "--target", "xen")
        r = p.ukc("run", "--in-qemu", "--block", "one, it's", status=2)
        expect("drivers for 2 disks, without which it does not start, and the machine has 1" in r.err, "a missing one is noticed", r)
        r = p.ukc("run", "--in-qemu", "--block", "one, it's", "--block", "two,ro", status=7, timeout=300)
        expect(r.out.replace("\r", "").endswith("256 ro 128\n0 there\n-30\n0 0\n"), "each is the one that was named, and read-only or not", r)
        expect(p.read("one, it's")[7 * 512:].rstrip(b"\0") == b"there and back", "what was written is in the file", r)
        expect(p.read("two").rstrip(b"\0") == b"there", "and the other one is as it was")


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
        expect("--publish needs --in-qemu on target xen" in r.err, "what there is not is refused", r)
        check_configurations(p, written)
        expect("not xen" in p.ukc("debug", status=2).err, "and so is debugging")
        refused(p)
        damaged(context, p)
        told_to_end(context, p)
        return written.replace(p.file("build/xen/hello"), "/job/hello").encode() + b"on_poweroff = 'preserve'\n"


def check_configurations(p, written):
    """What xl and libvirt are given, printed and beside the image."""
    both = json.loads(p.ukc("run", "--json-config", "-m", "4M", "--", "it's", "a b").out)
    expect(both["xl"] == written, "xl's file is printed", both)
    r = p.ukc("run", "--json-config", "--with", "libvirt", "-m", "4M", "--", "it's", "a b")
    expect(r.out == both["libvirt"] == p.read("build", "xen", "hello.xml").decode(), "and libvirt's, which is beside the image too", r)
    domain = xml.etree.ElementTree.fromstring(r.out)
    expect(domain.get("type") == "xen" and domain.findtext("os/type") == "xenpvh" and domain.findtext("memory") == str(4 << 20), "it is a PVH domain", r)
    expect(domain.find("clock/timer").attrib == {"name": "tsc", "mode": "native"} and "tsc_mode = 'native'\n" in written, "whose clock costs no visit to Xen", r)
    expect(domain.findtext("os/cmdline") == "it's \"a b\"", "with its arguments", r)
    p.write("a\nb", bytes(4096))
    for words, said in ((["--with", "qemu", "--json-config"], "qemu does not run Xen's domains"), (["--with", "libvirt"], "--with is for --json-config"),
                        (["--in-qemu", "--json-config"], "--json-config is for a domain on a Xen host: leave out --in-qemu"),
                        (["--dry-run", "--block", "a\nb"], "xl takes no file with a line end in its name")):
        r = p.ukc("run", *words, status=2)
        expect(said in r.err, "what there is not is refused", r)


def machine(context):
    """One start of Xen for all: it takes as long as ten domains."""
    images = {
        "hello": xen.image(context, "hello", example="hello"),
        "rng": xen.image(context, "rng", example="rng"),
        "probe": xen.image(context, "probe", {"ukc.lua": MANIFEST, "probe.c": PROBE}),
        "waiting": xen.image(context, "waiting", {"ukc.lua": WAITING_MANIFEST, "waiting.c": WAITING}, options=("--set", "task.idle.stop_time=2")),
        "patient": xen.image(context, "patient", {"ukc.lua": PATIENT_MANIFEST, "patient.c": PATIENT}),
    }
    check_image(images["hello"])
    images["written.xl"] = run_elsewhere(context)
    script = "domain hello ''\ndomain hello2 --x\n".replace("domain hello2", "KERNEL=hello domain hello2")
    script += "xl create -q /job/written.xl && xl domid hello >/tmp/hello.id && await_end hello && report hello | sed 's/^@@ hello/@@ written/'\n"
    script += "domain rng ''\nMEMORY=24 domain probe ''\n"
    script += "".join(f"KERNEL=probe domain {what} --what={what}\n" for what in CRASHES)
    script += "configure patient ''\ncreate patient; sleep 1; echo \"patient is $(state patient)\"\n"
    script += "echo typed >$(xenstore-read /local/domain/$(cat /tmp/patient.id)/console/tty); await_end patient; report patient\n"
    script += "KERNEL=waiting configure stubborn '--stubborn=true'\ncreate stubborn; sleep 1; timeout 20 xl shutdown stubborn; await_end stubborn; report stubborn\n"
    script += "KERNEL=waiting configure untold ''\ncreate untold; sleep 1; xenstore-rm /local/domain/$(cat /tmp/untold.id)/data; timeout 20 xl shutdown untold; await_end untold; report untold\n"
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
    expect(not found["hello"].written, "and asks the store for nothing: no status is 0", said)
    expect("there are no arguments" in domain("hello2", 64).text, "an argument reaches it", found["hello2"])
    expect("there are no arguments" in domain("written", 64).text, "xl takes the file that ukc run wrote, apostrophe and all", found["written"])
    expect(len(domain("rng", 0).text.strip().split("\n")[-1]) >= 64, "random bytes come", found["rng"])
    expect(domain("probe", 7).text == SAID, "tasks, time, memory and random bytes work", found["probe"])
    expect(not found["probe"].crashed, "Xen does not take a status for a crash", found["probe"])
    for what, words in CRASHES.items():
        d = domain(what, 111)
        expect(words in d.text and d.crashed, f"{what}: the report says what happened, and the toolstack that it crashed", d)
        expect(words in log, f"{what}: the hypervisor's log has the report too", log)
    domain("patient", 0)
    expect("patient is -b----" in said, "who waits for a line leaves the processor to others, with tasks or without", said)
    stubborn = domain("stubborn", 124)
    expect(not stubborn.crashed and "still running when the time for it was over" in stubborn.text, "what does not stop is ended, and says so", stubborn)
    untold = domain("untold", None)
    expect(untold.text.startswith("ready\n") and untold.crashed, "a failure that cannot be told is not taken for success", untold)
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


def in_qemu(context):
    """`ukc run --in-qemu` with the home page: the host gets the same bytes as it embeds; SIGTERM stops it, and its status comes back."""
    xen.host(context)
    port = free_port()
    with Project(context) as p:
        p.environment["XDG_CACHE_HOME"] = xen.cache(context)
        p.copy("examples/homepage")
        p.ukc("configure", "--target", "xen")
        p.ukc("build", timeout=800)
        crashed(p)
        r = p.ukc("run", "--in-qemu", "--dry-run", "-p", f"{port}:8080")
        expect("/assemble " in r.out and "/qemu-system-x86_64 " in r.out and f"hostfwd=tcp:127.0.0.1:{port}-10.0.0.2:8080" in r.out, "--dry-run prints it", r)
        process = p.start(str(context.ukc), "run", "--in-qemu", "-p", f"{port}:8080")
        root = context.root / "examples" / "homepage" / "htdocs"
        try:
            wait_for_line(process, "listening on port 8080")
            for file in sorted(f for f in root.rglob("*") if f.is_file()):
                got = patiently(port, "/" + urllib.parse.quote(str(file.relative_to(root))))
                expect(got == file.read_bytes(), f"{file.name} is the same from the domain")
            p.write("tools/qemu-system-x86_64", '#!/bin/sh\necho "$@"\nexit 1\n')
            r = p.ukc("run", "--in-qemu", "--quiet", status=3, environment={"PATH": f"{p.file('tools')}:{os.environ['PATH']}"})
            expect("file:build/xen/homepage.in-qemu-2.log" in r.out and "homepage.in-qemu-2.xl" in r.out, "another run of it meanwhile has files of its own", r)
            process.terminate()
            rest = process.communicate(timeout=120)[0].decode(errors="replace")
        finally:
            process.kill()
        expect(process.returncode == 0, "it stops when it is told, and its status is passed on", process.returncode, rest)


def wait_for_line(process, words):
    said = ""
    for line in process.stdout:
        said += line.decode(errors="replace")
        if words in said:
            return
    expect(False, f"it comes to '{words}'", said)


def refused(p):
    """What is missing or cannot be written is said, with what to do; nothing half-made stays."""
    tools = {"apt-get": "echo 'E: there is no archive' >&2; exit 100", "apt-cache": "exit 0"}
    for name, text in tools.items():
        p.write(f"tools/{name}", f"#!/bin/sh\n{text}\n")
        os.chmod(p.file("tools", name), 0o755)
    for environment, said in (
        ({"XDG_CACHE_HOME": p.file("cache"), "PATH": f"{p.file('tools')}:{os.environ['PATH']}"},
         "error: Xen and dom0 cannot be put together: assemble: the package lists know no xen-system-amd64 or no kernel for dom0: run apt-get update"),
        ({"XDG_CACHE_HOME": "", "HOME": ""}, "error: there is no place for Xen and dom0: neither XDG_CACHE_HOME nor HOME is set\nhelp: set XDG_CACHE_HOME"),
    ):
        r = p.ukc("run", "--in-qemu", status=3, environment=environment)
        expect(said in r.err, "what is missing is said", r)
    r = p.ukc("run", "--in-qemu", "--machine", "q35", status=2)
    expect("--machine is for target kvm: a Xen domain in QEMU has none of it" in r.err, "what there is not is refused", r)
    expect(os.listdir(p.file("cache", "ukc", "xen-in-qemu")) == ["lock"], "nothing half-made stays", os.listdir(p.file("cache", "ukc", "xen-in-qemu")))
    p.write("file", "")
    r = p.ukc("run", "--in-qemu", status=3, environment={"XDG_CACHE_HOME": p.file("file")})
    expect("Not a directory\nhelp: they are kept in" in r.err and "set XDG_CACHE_HOME to a directory that you may write to" in r.err and "apt-get" not in r.err,
           "a place that cannot be written is not the archive's fault", r)


def damaged(context, p):
    """A cache of which a file is missing or has another size is made again, and one that an older ukc made without saying the sizes."""
    rig = context.root / "targets" / "xen" / "in-qemu"
    cache = p.file("damaged", "ukc", "xen-in-qemu")
    files = {"xen.elf": 10, "vmlinux": 20, "initrd.gz": 30}
    version = subprocess.run(["cksum"], input=b"".join((rig / name).read_bytes() for name in ("assemble", "init", "run", "block")), capture_output=True).stdout.decode()
    for name, size, status in ((None, 0, 0), ("initrd.gz", 29, 1), ("vmlinux", None, 1), (None, 0, 0)):
        for file, whole in files.items():
            p.write(f"{cache}/{file}", bytes(size or 0 if file == name else whole))
        p.write(f"{cache}/complete", version + "".join(f"{file} {whole}\n" for file, whole in files.items()))
        if size is None:
            os.unlink(f"{cache}/{name}")
        p.run("sh", str(rig / "assemble"), "--is-complete", cache, status=status)
        if status:
            r = p.ukc("run", "--in-qemu", status=3, environment={"XDG_CACHE_HOME": p.file("damaged"), "PATH": f"{p.file('tools')}:{os.environ['PATH']}"})
            expect("putting Xen and a Debian for it together" in r.err, "what is damaged is not booted", r)
    p.write(f"{cache}/complete", version)
    p.run("sh", str(rig / "assemble"), "--is-complete", cache, status=1)


def told_to_end(context, p):
    """While packages are fetched the project is free, another run says what it waits for, and SIGTERM leaves nothing behind."""
    p.write("tools/apt-cache", "#!/bin/sh\nprintf '  Depends: %s\\n' xen-hypervisor-4.17-amd64 xen-utils-4.17 linux-image-6\n")
    p.write("tools/apt-get", f"""#!/bin/sh
case "$*" in
*download*) echo $$ >{p.file("fetching.part")} && mv {p.file("fetching.part")} {p.file("fetching")}; exec sleep 300 ;;
*) echo 'Inst bash' ;;
esac
""")
    p.environment.update(XDG_CACHE_HOME=p.file("slow"), PATH=f"{p.file('tools')}:{os.environ['PATH']}")
    rig = context.root / "targets" / "xen" / "in-qemu"
    p.run("sh", str(rig / "assemble"), "--for", "1", p.file("orphan"), status=143)
    expect(not os.path.exists(p.file("orphan")), "what was to end with one that has ended does not begin")
    first = p.start(str(context.ukc), "run", "--in-qemu")
    second = None
    try:
        eventually(lambda: os.path.exists(p.file("fetching")), "packages are fetched")
        fetching = p.read("fetching").decode().strip()
        r = p.ukc("run", "--in-qemu", "--dry-run", timeout=60)
        expect("waiting" not in r.err, "the project is free meanwhile", r)
        second = p.start(str(context.ukc), "run", "--in-qemu")
        expect(b"ukc: waiting for another that puts Xen and a Debian for it together" in second.stdout.readline(), "another says what it waits for")
        second.terminate()
        first.terminate()
        kept = p.file("slow", "ukc", "xen-in-qemu")
        eventually(lambda: not os.path.exists(f"/proc/{fetching}") and os.listdir(kept) == ["lock"], "what fetched them is gone, and what it had made")
        eventually(lambda: subprocess.run(["flock", "-n", f"{kept}/lock", "true"]).returncode == 0, "nobody holds the lock")
    finally:
        for process in (first, second):
            if process:
                process.kill()
                process.communicate()


def eventually(holds, what):
    end = time.monotonic() + 30
    while not holds():
        expect(time.monotonic() < end, what)
        time.sleep(0.1)


# In place of QEMU: what a Xen logs of a domain that has crashed, and the status that dom0 hands on, which is 111.
CRASHED = """#!/bin/sh
printf '(XEN) HVM1 restore: CPU 0\\r\\n(d1) \\r\\n(d1) crash: invalid instruction\\r\\n(d1)   at   %s\\r\\n(d1)   build %s\\r\\n' >build/xen/homepage.in-qemu.log
exit 255
"""


def crashed(p):
    """The places of a crash have names: the report is in Xen's log, behind what Xen puts before each line."""
    harness.need("llvm-symbolizer-19")
    place = next(line.split()[0] for line in p.run("nm", "build/xen/homepage.debug").out.splitlines() if line.endswith(" machine_start"))
    build = p.run("readelf", "-n", "build/xen/homepage").out.split("Build ID: ")[1].split()[0]
    p.write("tools/qemu-system-x86_64", CRASHED % (place, build))
    os.chmod(p.file("tools", "qemu-system-x86_64"), 0o755)
    r = p.ukc("run", "--in-qemu", "--quiet", status=111, environment={"PATH": f"{p.file('tools')}:{os.environ['PATH']}"})
    expect("ukc: the crash, by build/xen/homepage.debug:\n  at   machine_start at " in r.err, "a crash has names", r)


def tests(context):
    yield "in_qemu", lambda: in_qemu(context)
    if context.long:  # xen_life has two disks, xen in_qemu the rest
        yield "disks_in_qemu", lambda: disks_in_qemu(context)
    yield "machine", lambda: machine(context)
