"""The machine below kvm images, in QEMU with software emulation: how it ends, what the loader may say, what a crash tells."""

import json
import subprocess

import harness
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


def build(p, probe):
    p.write("ukc.lua", 'return unikernel "probe" { sources = { "probe.c" } }\n')
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


def tests(context):
    yield "loader", lambda: loader(context)
    yield "ends", lambda: ends(context)
