"""The machine below kvm images, in QEMU with software emulation: how it ends, what the loader may say, what a crash tells."""

import json
import os
import re
import struct
import subprocess
import threading
import time

import harness
from lib import liar
from lib.project import Project, expect

SECONDS = 900  # musl may have to be compiled
QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]


def conduct(image, machine, directory, *options, memory="64M"):
    """Runs an image without the device that `ukc run` gives it: what it said, and the reason for which QEMU ended."""
    serial = directory / "serial"
    argv = [*QEMU, "-M", machine, "-m", memory, "-kernel", str(image), "-serial", f"file:{serial}", "-qmp", "stdio", "-S", *options]
    q = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        out, _ = q.communicate('{"execute":"qmp_capabilities"}\n{"execute":"cont"}\n', timeout=60)
    except subprocess.TimeoutExpired:
        q.kill()
        q.communicate()
        raise harness.Failure(f"{machine}: it did not end") from None
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    reasons = [e["data"]["reason"] for e in events if e.get("event") == "SHUTDOWN"]
    return serial.read_text(errors="replace").replace("\r", ""), reasons, out


ENDS = {  # a machine, and by what it has to end: switched off by ACPI, or reset where there is none
    "q35": "guest-shutdown", "pc": "guest-shutdown", "microvm,acpi=on": "guest-shutdown", "microvm,acpi=off": "guest-reset",
    "q35,acpi=off": "guest-reset",
}


def ends(context):
    harness.need("qemu-system-x86_64")
    directory = harness.scratch()
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "kvm")
        p.ukc("build", timeout=800)
        for machine, reason in ENDS.items():
            said, reasons, out = conduct(p.file("build", "kvm", "hello"), machine, directory)
            expect(said == "Hello, world.\n", f"it works on {machine}", said, out)
            expect(reasons == [reason], f"{machine} ends by {reason}", reasons, out)


def build(p, probe, more=""):
    p.write("ukc.lua", f'return unikernel "probe" {{ sources = {{ "probe.c" }}, {more} }}\n')
    p.write("probe.c", probe)
    p.ukc("configure", "--target", "kvm")
    p.ukc("build", timeout=800)


MEMORY = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int probe_main(void)
{
    size_t blocks = 0, size = 1 << 16;
    for (char *volatile block; (block = malloc(size)) != NULL; blocks++)
        memset(block, 0x55, size);
    printf("%zu KiB\n", blocks * (size >> 10));
    return 0;
}
"""


def boot(p, machine, *options, memory="64M", status=0, processor="max"):
    """As `ukc run` does, but with options of the test's own."""
    harness.need("qemu-system-x86_64")
    argv = [*QEMU, "-M", machine, "-m", memory, "-cpu", processor, "-kernel", p.file("build", "kvm", "probe"), "-serial", "stdio",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *options]
    r = p.run(*argv, status=2 * (16 + status) + 1, timeout=60)
    return r.out.replace("\r", "")


def loader(context):
    """What the loader hands over: modules, words, memory, a processor."""
    with Project(context) as p:
        build(p, MEMORY)
        p.write("module", bytes(range(256)) * 40000)
        for machine in ("q35", "microvm"):
            free = int(boot(p, machine).split()[0])
            expect(60000 < free < 65000, "most memory is free", free)
            less = int(boot(p, machine, "-initrd", p.file("module")).split()[0])
            expect(free - less > 9800, "a module is kept out of free memory", free, less)
            expect(free - less < 10200, "and no more than it", free, less)
            if machine == "microvm":  # on q35 QEMU's own loader overwrites its memory
                out = boot(p, machine, "-append", "x" * 65536, status=111)
                expect("impossible: the command line is longer than 4095 bytes" in out, "64 KiB of command line are refused", out)
            out = boot(p, machine, "-append", "x " * 200, status=111)
            expect("impossible: the command line has more than 127 words" in out, "many words are refused", out)
            out = boot(p, machine, memory="1100K", status=111)
            expect("impossible: too little memory for the image" in out, "too little memory is told", out)
            out = boot(p, machine, processor="qemu64,-nx", status=111)
            expect("impossible: the processor has no NX" in out, "a processor without NX is told", out)
            out = boot(p, machine, processor="max,lm=off", status=111)
            expect("impossible: the processor has no 64-bit mode" in out, "one without 64 bits too", out)
            boot(p, machine, processor="qemu64")  # without RDRAND


CRASH = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "keys.h"
#include "clock.h"
#include "task.h"

[[gnu::noinline]] static int deeper(volatile char *above)
{
    volatile char here[512];
    here[0] = above[0];
    int n = deeper(here);
    return n + here[0];
}

[[gnu::noinline]] static void smash(int size)
{
    char here[16];
    for (int i = 0; i < size; i++)
        ((volatile char *)here)[i] = 'x';
}

[[gnu::noinline]] static void checked(int n)
{
    static int table[4];
    if (n == 6)
        smash(40);
    if (n == 7)
        ((long (*volatile)(long, char *))(uintptr_t)smash)(1, 0);
    if (n == 8)
        printf("%d\n", n + *(volatile int *)&(int){INT32_MAX});
    if (n == 9)
        table[n]++;
    *(volatile int *)table = n;
}

[[gnu::noinline]] static void inner(int n)
{
    static volatile char code[] = {(char)0xc3};
    checked(n);
    if (n == 1)
        *(volatile int *)8 = n;
    if (n == 2)
        abort();
    if (n == 3)
        *(volatile char *)(uintptr_t)&deeper = 0;
    if (n == 4) {
        __asm__ volatile("call *%0" : : "r"(code) : "memory"); /* in C the pointer would be checked first */
        code[0] = 0; /* the call is not the last thing done here */
    }
    if (n == 5)
        exit(deeper((volatile char[]){1}));
}

[[gnu::noinline]] static void outer(void *argument)
{
    inner(*(int *)argument);
    *(volatile int *)argument = 0;
}

int probe_main(void)
{
    static int n;
    struct task *task;
    n = KEY_WHAT[0] - '0';
    printf("crash\n");
    printf("number %d\n", n);
    if (KEY_WHAT[1] == '\0')
        outer(&n);
    task_start_service(&task, 0, outer, &n);
    task_sleep(clock_now() + 1000000000);
    return 0;
}
"""


CRASHES = {
    "1": "page fault: writing 0000000000000008 (null)", "2": "abort", "3": "(not permitted)", "4": "page fault: executing", "5": "page fault: writing",
}


CHECKED = {
    "6": "the caller wrote beyond a variable on its stack (stack protector)", "7": "a call through a pointer to what is no function of its type (seal.cfi)",
    "8": "an addition overflowed (seal.traps)", "9": "an index beyond its array (seal.traps)",
}


def crash(context):
    """A report is readable to whoever runs the image: names, with their lines, in and outside of tasks."""
    harness.need("qemu-system-x86_64")
    harness.need("llvm-symbolizer-19")
    with Project(context) as p:
        p.write("ukc.lua", """return unikernel "probe" {
  sources = { "probe.c" }, requires = { clock = sig.clock, task = sig.task }, untrusted_input = true,
  keys = { what = key.string { default = "1", phase = "boot", doc = "how to crash" } },
}""")
        p.write("probe.c", CRASH)
        p.ukc("configure", "--target", "kvm")
        p.ukc("build", timeout=800)
        notes = p.run("readelf", "-n", "build/kvm/probe").out
        for what in (key + where for key in CRASHES for where in ("", " in a task")):
            r = p.ukc("run", "--quiet", "--", f"--what={what}", status=111)
            expect(f"number {what[0]}" in r.out, f"{what}: lines that were printed before are not lost", r)
            expect(CRASHES[what[0]] in r.out, f"{what}: what happened", r)
            expect(r.out.split("build ")[-1].strip() in notes, f"{what}: the report says of which build it is", r, notes)
            expect("ukc: the crash, by build/kvm/probe.debug:" in r.err, f"{what}: names are found", r)
            names = [line.split() for line in r.err.split("probe.debug:")[1].splitlines()]
            places = [" ".join(n[-3:]) for n in names if n]
            expect(any(n.startswith("deeper at ./probe.c:" if what[0] == "5" else "inner at ./probe.c:") for n in places), f"{what}: where it was", r)
            if what[0] != "5":
                expect(any(n.startswith("outer at ./probe.c:") for n in places), f"{what}: and who called", r)
                expect(len(what) > 1 or "probe_main at ./probe.c:" in r.err, f"{what}: up to main", r)
                certain = [n for n in r.err.splitlines() if n.startswith("  from ") and "probe.c" in n]
                expect(not any("?" in n for n in certain), f"{what}: they are callers for certain", r)
            expect("probe.qmp.crash" not in p.run("ls", "build/kvm").out, f"{what}: nothing is left behind", r)
        for what, words in CHECKED.items():
            r = p.ukc("run", "--quiet", "--", f"--what={what}", status=111)
            expect("crash: invalid instruction" in r.out and f"ukc: what ended it: {words}\n" in r.err, "which check ended it is said", what, r)
        p.write("build/kvm/probe.debug", b"of another build")
        r = p.ukc("run", "--quiet", status=111)
        expect("inner at ./probe.c:" in r.err, "no wrong names: what another hand has changed is made again", r)


DATE = r"""
#include <stdio.h>
#include <ukc/deadline.h>
#include "clock.h"

int probe_main(void)
{
    printf("%lld\n", (long long)(clock_wall() / NANOSECONDS_PER_SECOND));
    return 0;
}
"""


def date(context):
    """Without KVM's clock the date is that of the clock with a battery; without that it is 1970."""
    with Project(context) as p:
        build(p, DATE, "requires = { clock = sig.clock }")
        for machine, options in (("q35", ()), ("microvm,rtc=on", ())):
            said = int(boot(p, machine, "-rtc", "base=2021-03-04T05:06:07,clock=vm", *options))
            expect(1614834367 <= said <= 1614834377, f"{machine} has a date", said)
        said = int(boot(p, "microvm,rtc=off"))
        expect(said < 10, "a machine without a clock begins in 1970", said)


SNAPSHOT = r"""
#include <stdio.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "random.h"
#include "task.h"

int probe_main(void)
{
    unsigned char bytes[16];
    random_fill(bytes, sizeof bytes);
    printf("ready\n");
    task_sleep(clock_now() + 4 * NANOSECONDS_PER_SECOND);
    random_fill(bytes, sizeof bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        printf("%02x", bytes[i]);
    printf("\n");
    return 0;
}
"""
IDENTIFIERS = ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222", "33333333-3333-3333-3333-333333333333")


def machine_with(p, identifier, serial, *options):
    return subprocess.Popen([*QEMU, "-M", "q35", "-m", "64M", "-kernel", p.file("build", "kvm", "probe"), "-device", f"vmgenid,guid={identifier}",
                             "-serial", f"file:{serial}", "-monitor", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", *options],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended(q, commands=""):
    try:
        return q.communicate(commands, timeout=60)[0]
    except subprocess.TimeoutExpired:
        q.kill()
        raise harness.Failure("QEMU did not end\n" + q.communicate()[0]) from None


def check_pages(said):
    """Of QEMU's `info tlb` while an image runs: no page is both writable and executable. X says that it is not executable."""
    pages = re.findall(r"^([0-9a-f]{16}): [0-9a-f]{16} ([-A-Z]{9})\r?$", said, re.MULTILINE)
    executable = [p for p in pages if "X" not in p[1]]
    expect(len(pages) > 20 and executable, "the machine has pages, and code", said[:2000])
    expect(not [p for p in executable if "W" in p[1]], "none is writable and executable", executable)
    expect(not [p for p in pages if int(p[0], 16) == 0], "the first is not there", pages[:3])
    top = int(re.search(r"CR3=([0-9a-f]{16})", said)[1], 16)
    tables = [p for p in pages if top <= int(p[0], 16) < top + 8 * 4096]  # those of the image: image.ld
    expect(len(tables) == 8 and not [p for p in tables if "W" in p[1]], "page tables are there, and read-only", tables)
    protections = 1 << 20 | 1 << 21 | 1 << 11
    expect(int(re.search(r"CR4=([0-9a-f]+)", said)[1], 16) & protections == protections, "the processor has SMEP, SMAP and UMIP on", said[:2000])


def snapshot(context):
    """Two machines that continue from one snapshot do not give out the same random bytes, if the hypervisor says that they are others."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        build(p, SNAPSHOT, "requires = { clock = sig.clock, random = sig.random, task = sig.task }")
        image, serial = p.file("image"), p.file("serial")
        q = machine_with(p, IDENTIFIERS[0], serial)
        for _ in range(300):
            if os.path.exists(serial) and b"ready" in p.read("serial"):
                break
            time.sleep(0.1)
        check_pages(ended(q, f'info registers\ninfo tlb\nmigrate "exec:cat >{image}"\nquit\n'))

        def continued(identifier):
            said = ended(machine_with(p, identifier, serial, "-incoming", f"exec:cat {image}"))
            lines = p.read("serial").decode().split()
            expect(len(lines) == 1 and len(lines[0]) == 32, "the machine continues", lines, said)
            return lines[0]

        # the state alone decides where nobody says that the machine is another one: so the test can tell
        expect(continued(IDENTIFIERS[0]) == continued(IDENTIFIERS[0]), "the snapshot holds the generator")
        said = {continued(IDENTIFIERS[k]) for k in (1, 1, 2)}
        expect(len(said) == 3, "each is seeded anew, even with the same new identifier", said)


STOP = r"""
#include <errno.h>
#include <stdio.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "task.h"

int probe_main(void)
{
    printf("ready\n");
    int error = task_sleep(clock_now() + 30 * NANOSECONDS_PER_SECOND);
    printf("%s\n", error == -ECANCELED ? "asked to stop" : "not asked");
    return 5;
}
"""


def stop(context):
    """The power button, fixed (q35) or behind a generic event device (microvm), asks the image to stop; so does SIGTERM to `ukc run`."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        build(p, STOP, "requires = { clock = sig.clock, task = sig.task }")
        serial = p.file("serial")
        for machine in ("q35", "pc", "microvm,acpi=on"):
            q = subprocess.Popen([*QEMU, "-M", machine, "-m", "64M", "-kernel", p.file("build", "kvm", "probe"), "-serial", f"file:{serial}",
                                  "-monitor", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(300):
                if os.path.exists(serial) and b"ready" in p.read("serial"):
                    break
                time.sleep(0.1)
            out = ended(q, "system_powerdown\n")
            said = p.read("serial").decode().split()
            expect(said == ["ready", "asked", "to", "stop"], f"{machine}: the image is asked to stop", said, out)
            expect(q.returncode == 2 * (16 + 5) + 1, f"{machine}: it ends with its own status", q.returncode, out)
            os.unlink(serial)
        before = time.monotonic()
        r = p.run("bash", "-c", f'"{context.ukc}" run --quiet --machine microvm --accelerator tcg | head -n 1; echo "${{PIPESTATUS[0]}}"', timeout=120)
        expect(r.out == "ready\n5\n", "when nobody reads its output any more it is asked too", r)
        expect(time.monotonic() - before < 25, "and not left to run", time.monotonic() - before)


INPUT = r"""
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "console.h"
#include "task.h"

int probe_main(void)
{
    char line[64], c;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (;;) {
        printf("ready\n");
        if (console_read_line(line, sizeof line, DEADLINE_NEVER) < 0)
            return 1;
        printf("[%s]\n", line);
        if (strcmp(line, "bytes") == 0)
            break;
    }
    /* the local APIC's initial count: 0 if no timer was ever set */
    printf("timer %u\n", *(volatile unsigned *)(uintptr_t)0xfee00380);
    while (console_read(&c, 1, DEADLINE_NEVER) == 1 && c != '.')
        printf("<%c>\n", c);
    printf("%s\n", console_read_line(line, sizeof line, clock_now() + 1000000) == -ETIMEDOUT ? "late" : "?");
    printf("%s\n", console_read_line(line, sizeof line, DEADLINE_NEVER) == 3 ? line : "?");
    return 0;
}
"""


def converse(q, machine):
    def says(*lines):
        for line in lines:
            said = q.stdout.readline().strip()
            expect(said == line, f"{machine}: it says {line}", said)

    def types(text):
        q.stdin.write(text)
        q.stdin.flush()

    for line in ("first", "", "a" * 62, "bytes"):  # each is typed when somebody waits for it
        says("ready")
        types(line + "\n")
        says(f"[{line}]")
    says("timer 0")
    types("xyz.")
    says("<x>", "<y>", "<z>", "late")
    for part in ("e", "n", "d\n"):
        types(part)
        time.sleep(0.05)
    says("end")
    ended(q)
    expect(q.returncode == 2 * 16 + 1, f"{machine}: it ends well", q.returncode)


def at_keyboard(p, machine, *console):
    q = subprocess.Popen([*QEMU, "-M", machine, "-m", "64M", "-kernel", p.file("build", "kvm", "probe"), *console,
                          "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watchdog = threading.Timer(60, q.kill)
    watchdog.start()
    try:
        converse(q, machine)
    finally:
        watchdog.cancel()
        q.kill()


def console_input(context):
    """Who waits for input is woken by the serial line's interrupt: no timer runs meanwhile."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        build(p, INPUT, "requires = { clock = sig.clock, console = sig.console, task = sig.task }")
        for machine in ("q35", "microvm", "microvm,acpi=off"):
            at_keyboard(p, machine, "-serial", "stdio")


def virtio_console(context):
    """The same with virtio's console: nothing of it passes over the serial line. Who asks `ukc run` has both; Firecracker has none."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        build(p, INPUT, 'requires = { clock = sig.clock, console = sig.console, task = sig.task }, choose = { console = "virtio_console" }')
        for machine, device in (("q35", "virtio-serial-pci,disable-legacy=on"), ("microvm", "virtio-serial-device"), ("microvm,acpi=off", "virtio-serial-device")):
            at_keyboard(p, machine, "-serial", f"file:{p.file('serial')}", "-global", "virtio-mmio.force-legacy=false", "-chardev", "stdio,id=console",
                        "-device", device, "-device", "virtconsole,chardev=console")
            expect(p.read("serial") == b"", f"{machine}: the serial line is silent", p.read("serial"))
        said, reasons, out = conduct(p.file("build", "kvm", "probe"), "microvm", harness.scratch())
        expect("console did not start" in said, "it does not start without one", said, out)
        r = p.ukc("run", "--with", "firecracker", "--dry-run", status=1)
        expect("a serial line only" in r.err and "console_serial" in r.err, "Firecracker has none", r)
        r = p.ukc("run", "--with", "cloud-hypervisor", "--dry-run")
        expect("--serial null --console tty" in r.out, "cloud-hypervisor gives it the terminal", r)
        p.copy("examples/hello")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("sources", 'choose = { console = "virtio_console" }, sources', 1))
        p.ukc("configure", "--target", "kvm")
        p.ukc("build")
        for machine in ("q35", "microvm"):
            expect(p.ukc("run", "--machine", machine).out.replace("\r", "").endswith("Hello, world.\n"), f"it is run on {machine}")


NOISE = r"""
#include <stdio.h>
#include "random.h"

int probe_main(void)
{
    unsigned char bytes[16];
    random_fill(bytes, sizeof bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        printf("%02x", bytes[i]);
    printf("\n");
    return 0;
}
"""


def noise(context):
    """random_noise is seeded by the host's noise, and by the processor where that has a generator."""
    with Project(context) as p:
        build(p, NOISE, 'requires = { random = sig.random, console = sig.console }, choose = { random = "random_noise" }')
        for name, content in (("one", bytes(range(256))), ("other", bytes(range(255, -1, -1))), ("broken", bytes(256))):
            p.write(name, content)

        def seeded(name, processor, status=0):
            return boot(p, "microvm", "-global", "virtio-mmio.force-legacy=false", "-object", f"rng-random,id=host,filename={p.file(name)}",
                        "-device", "virtio-rng-device,rng=host", processor=processor, status=status)

        # a processor without a generator: noise alone decides
        one = seeded("one", "qemu64")
        expect(len(one) == 33, "there are bytes", one)
        expect(seeded("one", "qemu64") == one, "the same noise makes the same bytes")
        expect(seeded("other", "qemu64") != one, "other noise makes others")
        expect(seeded("one", "max") != seeded("one", "max"), "a processor with a generator is mixed in")
        for processor in ("qemu64", "max"):
            out = seeded("broken", processor, status=1)
            expect("random did not start" in out, "noise that repeats is refused", out)
        out = boot(p, "microvm", status=1)
        expect("random.noise did not start" in out, "it does not start without the device", out)


LIES = r"""
#include <errno.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "console.h"
#include "noise.h"

/* The host gives one byte, and then none for an hour: the second request stays with the device. */
int probe_main(void)
{
    struct {
        char before[64], bytes[64], behind[64];
    } all = {};
    ptrdiff_t got = noise_gather(all.bytes, 1, DEADLINE_NEVER);
    if (got != 1)
        return 1;
    console_write("ready\n", 6);
    while ((got = noise_gather(all.bytes, sizeof all.bytes, clock_now() + 20 * NANOSECONDS_PER_MILLISECOND)) == -ETIMEDOUT)
        ;
    if (got != -EIO)
        return 2;
    for (unsigned i = 0; i < 64; i++)
        if (all.before[i] || all.behind[i])
            return 3;
    console_write("given up\n", 9);
    return noise_gather(all.bytes, sizeof all.bytes, DEADLINE_NEVER) == -EIO ? 9 : 4;
}
"""
LIES_DISK = r"""
#include <errno.h>
#include <ukc/deadline.h>
#include "block.h"
#include "clock.h"
#include "console.h"
#include "task.h"

enum { READERS = 200 };

static struct {
    char before[64], bytes[512], behind[64];
} all[READERS];
static int results[READERS];

static void reader(void *argument)
{
    int n = (int)(unsigned long)argument;
    results[n] = block_read(0, all[n].bytes, sizeof all[n].bytes);
}

/* The host lets a request through in some minutes.  Each that comes later looks at what is done. */
int probe_main(void)
{
    struct task *tasks[READERS];
    int count = 0;
    console_write("ready\n", 6);
    for (; count < READERS && results[0] == 0; count++) {
        if (task_spawn(&tasks[count], 0, reader, (void *)(unsigned long)count) != 0)
            return 2;
        task_sleep(clock_now() + 200 * NANOSECONDS_PER_MILLISECOND);
    }
    for (int n = 0; n < count; n++) {
        if (task_join(tasks[n], clock_now() + NANOSECONDS_PER_SECOND) != 0 || results[n] != -EIO)
            return 3;
        for (unsigned i = 0; i < 64; i++)
            if (all[n].before[i] || all[n].behind[i])
                return 4;
    }
    console_write("given up\n", 9);
    return block_read(0, all[0].bytes, sizeof all[0].bytes) == -EIO && block_flush() == -EIO ? 9 : 5;
}
"""
LIES_CARD = r"""
#include <errno.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "console.h"
#include "link.h"

int probe_main(void)
{
    static struct {
        char before[64], bytes[1514], behind[64];
    } all;
    ptrdiff_t got;
    console_write("ready\n", 6);
    while ((got = link_receive(all.bytes, sizeof all.bytes, clock_now() + 20 * NANOSECONDS_PER_MILLISECOND)) == -ETIMEDOUT)
        ;
    for (unsigned i = 0; i < 64; i++)
        if (all.before[i] || all.behind[i])
            return 3;
    if (got != -EIO)
        return got == 60 && all.bytes[59] == 7 ? 2 : 4;
    console_write("given up\n", 9);
    return link_send(&(struct view){all.bytes, 60}, 1, DEADLINE_NOW) == -EIO ? 9 : 5;
}
"""


def of_card(size, buffers, division=0):
    """The header in front of a frame (VIRTIO 1.2, 5.1.6), and the frame."""
    return struct.pack("<BBHHHHH", 0, division, 0, 0, 0, 0, buffers) + b"\2" * 59 + b"\7" + bytes(size)


# kind, queue, probe, what it requires, QEMU's words; what is true: an entry of the used ring, by how much the index moves, the buffer's bytes; what is not
LIARS = {
    "lies": ("virtio-rng", 0, LIES, "requires = { clock = sig.clock, console = sig.console, noise = sig.entropy }",
             ["-object", "rng-builtin,id=host"], "virtio-rng-{},rng=host,max-bytes=1,period=3600000", {"it is true": ((0, 64), 1)}, {
        "more chains than there are": (None, 50), "the index goes back": (None, -1), "a chain that is not": ((1, 8), 1),
        "a chain beyond all": ((0xFFFFFFFF, 8), 1), "more than the buffer holds": ((0, 65), 1), "4 GiB": ((0, 0xFFFFFFFF), 1), "nothing": ((0, 0), 1)}),
    "lies of a disk": ("virtio-blk", 0, LIES_DISK, "requires = { clock = sig.clock, console = sig.console, block = sig.block, task = sig.task },"
                       " set = { [\"block.requests\"] = 256 }",
                       ["-drive", "if=none,id=disk,driver=null-co,size=1M,read-zeroes=on,throttling.bps-total=1"], "virtio-blk-{},drive=disk", {}, {
        "more chains than there are": (None, 500), "the index goes back": (None, -1), "the middle of a chain": ((1, 513), 1),
        "a chain beyond all": ((0xFFFFFFFF, 513), 1), "more than the buffer holds": ((0, 514), 1), "4 GiB": ((0, 0xFFFFFFFF), 1)}),
    "lies of a card": ("virtio-net", 0, LIES_CARD, "requires = { clock = sig.clock, console = sig.console, link = sig.netif }",
                       ["-netdev", "hubport,id=net,hubid=0"], "virtio-net-{},netdev=net", {"it is true": ((0, 72), 1, of_card(0, 1))}, {
        "more chains than there are": (None, 100), "the index goes back": (None, -1), "a chain that is not": ((200, 72), 1),
        "a chain beyond all": ((0xFFFFFFFF, 72), 1), "more than the buffer holds": ((0, 1537), 1), "4 GiB": ((0, 0xFFFFFFFF), 1),
        "less than a header": ((0, 11), 1), "a frame in no buffer": ((0, 72), 1, of_card(0, 0)), "a frame in more than came": ((0, 72), 1, of_card(0, 2)),
        "a frame in more than there are": ((0, 72), 1, of_card(0, 500))}),
}


def told(p, machine, liar_of, arguments):
    """What the image says after 'ready', and its status."""
    kind, queue, _, _, host, device, _, _ = LIARS[liar_of]
    monitor, memory, serial = p.file("qmp"), p.file("gdb"), p.file("serial")
    device = device.format("pci,disable-legacy=on" if machine == "q35" else "device")
    q = subprocess.Popen([*QEMU, "-M", machine, "-m", "64M", "-kernel", p.file("build", "kvm", "probe"), "-serial", f"file:{serial}",
                          "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-qmp", f"unix:{monitor},server=on,wait=off",
                          "-chardev", f"socket,path={memory},server=on,wait=off,id=gdb", "-gdb", "chardev:gdb",
                          "-global", "virtio-mmio.force-legacy=false", *host, "-device", device],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for _ in range(600):
            if os.path.exists(serial) and b"ready" in p.read("serial"):
                break
            time.sleep(0.1)
        liar.lie(liar.Monitor(monitor), memory, kind, queue, *arguments)
        out = ended(q)
    finally:
        q.kill()
    said = p.read("serial").decode().replace("\r", "").split("ready\n", 1)[-1].strip().split("\n")
    os.unlink(serial)
    return said[-1], q.returncode, said, out


def lies(context, liar_of):
    """A device whose used ring or buffers hold nonsense is given up by an image that has booted: it says so, and does not hang."""
    harness.need("qemu-system-x86_64")
    _, _, probe, more, _, _, truth, lied = LIARS[liar_of]
    with Project(context) as p:
        build(p, probe, more)
        for machine in ("q35", "microvm"):
            for what, arguments in truth.items():
                last, status, *all_said = told(p, machine, liar_of, arguments)
                expect((last, status) == ("", 2 * (16 + 2) + 1), f"{machine}: what is true is believed", status, all_said)
            for what, arguments in lied.items():
                last, status, *all_said = told(p, machine, liar_of, arguments)
                expect((last, status) == ("given up", 2 * (16 + 9) + 1), f"{machine}: {what}: it is given up", status, all_said)


def tests(context):
    yield "loader", lambda: loader(context)
    yield "ends", lambda: ends(context)
    yield "crash", lambda: crash(context)
    yield "date", lambda: date(context)
    yield "snapshot", lambda: snapshot(context)
    yield "stop", lambda: stop(context)
    yield "input", lambda: console_input(context)
    yield "virtio console", lambda: virtio_console(context)
    yield "noise", lambda: noise(context)
    for liar_of in LIARS:
        yield liar_of, lambda liar_of=liar_of: lies(context, liar_of)
