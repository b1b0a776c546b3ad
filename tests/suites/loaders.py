"""kvm images and the loaders that are not to be had here: Firecracker's and cloud-hypervisor's rules, and what they hand over, in QEMU.

The rules are checked for every image that a suite builds with lib.machine.build; here, that the check can fail.
"""

import struct

import harness
from lib import handover, loaders
from lib import machine as kvm
from lib.network import Program
from lib.project import Project, expect, fetch, free_port

SECONDS = 900  # the C library may have to be compiled
QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", "64M", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-serial", "stdio"]


def at_header(offset, form, value):
    return lambda image: struct.pack_into(form, image, offset, value)


def at_segment(index, offset, form, *values):
    return lambda image: struct.pack_into(form, image, loaders.Header(image).at + 56 * index + offset, *values)


def note_of_another(image):
    at = next(s.offset for s in loaders.segments(image) if s.kind == loaders.NOTE)
    image[at + 12:at + 16] = b"Xem\0"


def short_note(image):
    at = next(s.offset for s in loaders.segments(image) if s.kind == loaders.NOTE)
    struct.pack_into("<I", image, at + 4, 2)


def constants_first(image):
    """Below everything else, at the place of the command line."""
    at = loaders.Header(image).at
    code, constants = image[at:at + 56], image[at + 56:at + 112]
    struct.pack_into("<QQ", constants, 16, 0x20000, 0x20000)
    image[at:at + 112] = constants + code


# what is done to the file, and words of the rule that it breaks; segments 0 to 2 are code, constants and data, 3 the note
BROKEN = [
    (at_header(0, "<B", 0), "no ELF magic number"),
    (at_header(5, "<B", 2), "big-endian"),
    (at_header(24, "<Q", 0), "e_entry is below 1 MiB"),
    (at_header(24, "<Q", 0x103000), "e_entry is code"),
    (at_header(54, "<H", 64), "program headers of another size"),
    (at_header(32, "<Q", 1 << 40), "program headers reach beyond the file"),
    (at_header(18, "<H", 183), "x86-64"),
    (note_of_another, "a note with the entry"),
    (short_note, "the note of the entry is too short"),
    (at_segment(4, 0, "<I", loaders.NOTE), "one segment of notes"),
    (at_segment(1, 24, "<Q", 0x6000), "runs where it is loaded"),
    (at_segment(0, 4, "<I", 7), "not both written and executed"),
    (at_segment(2, 32, "<Q", 1 << 30), "reaches beyond the file"),
    (at_segment(2, 40, "<Q", 1), "no more bytes in the file than in memory"),
    (at_segment(2, 40, "<Q", 0xC0000000), "first range of memory"),
    (at_segment(1, 16, "<QQ", 0x100000, 0x100000), "overlaps nothing"),
    (at_segment(2, 16, "<QQ", 0x103800, 0x103800), "begins with a page"),
    (constants_first, "is not where Firecracker puts the command line"),
]


def rules(context):
    """An image keeps them; each change of it is found."""
    with Project(context) as p:
        p.copy("examples/hello")
        kvm.build(p)
        good = p.read("build", "kvm", "hello")
        for index, (change, words) in enumerate(BROKEN):
            image = bytearray(good)
            change(image)
            try:
                loaders.check(image)
            except harness.Failure as reason:
                expect(words in str(reason), f"change {index} is found as '{words}'", reason)
            else:
                expect(False, f"change {index} is found")


def hello(context):
    """It starts and ends without a device for its status and without ACPI, as Firecracker has it."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.copy("examples/hello")
        kvm.build(p)
        for loader, machine in (("Firecracker", "microvm,acpi=off"), ("cloud-hypervisor", "q35")):
            image = handover.image(p, "build/kvm/hello", loader)
            r = p.run(*QEMU, "-M", machine, "-kernel", image, timeout=60)
            expect(r.out.replace("\r", "") == "Hello, world.\n", f"it says hello after {loader}'s handover", r)
            expect(len(p.read("handover")) > len(p.read("build/kvm/hello")), "the test's own loader is in the file")


MODULES = r"""
#include <stdio.h>
#include <stdlib.h>

int probe_main(void)
{
    char *volatile block = malloc(1 << 16);
    puts(block ? "memory" : "none");
    return 0;
}
"""
MODULES_THAT_LIE = {  # what is said of one, and what the image says then
    "in memory": ([(48 << 20, 8192)], None), "beyond the end": ([((64 << 20) - 4096, 8192)], "truncated"), "outside": ([(1 << 40, 1)], "truncated"),
    "in a hole": ([(0xA0000, 4096)], "truncated"), "wrapped": ([((1 << 64) - 1, 2)], "wraps around"), "of any size": ([(48 << 20, (1 << 64) - 1)], "wraps around"),
    "too many": ([(48 << 20, 1)] * 17, "more than 16 modules"), "the last of two": ([(48 << 20, 8192), (1 << 62, 8192)], "truncated"),
}


def modules(context):
    """A module that cannot be where the loader says ends the image with words and a status, before anything is allocated there."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "probe" { sources = { "probe.c" } }')
        p.write("probe.c", MODULES)
        kvm.build(p)
        for loader, machine in (("Firecracker", "microvm,acpi=off"), ("cloud-hypervisor", "q35")):
            for what, (said, words) in MODULES_THAT_LIE.items():
                image = handover.image(p, "build/kvm/probe", loader, modules=said)
                r = p.run(*QEMU, "-M", machine, "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", image, status=None, timeout=60)
                if words:
                    expect(kvm.image_status(r.status) == 111 and words in r.out and "memory" != r.out.strip(), f"{loader}: a module {what} is told", r)
                else:
                    expect(kvm.image_status(r.status) == 0 and "memory" in r.out, f"{loader}: a module {what} is kept", r)


def homepage(context):
    """With a network card: where it is comes from the command line, or from PCI and tables."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.copy("examples/homepage")
        kvm.build(p)
        cards = {"Firecracker": ("microvm,acpi=off", "virtio-net-device", ["-global", "virtio-mmio.force-legacy=false"]),
                 "cloud-hypervisor": ("q35", "virtio-net-pci,disable-legacy=on", [])}
        for loader, (machine, card, more) in cards.items():
            image, port = handover.image(p, "build/kvm/homepage", loader, "--port=8081"), free_port()
            network = f"user,id=net0,net=10.0.0.0/24,host=10.0.0.1,hostfwd=tcp:127.0.0.1:{port}-10.0.0.2:8081"
            with Program([*QEMU, "-M", machine, "-netdev", network, "-device", f"{card},netdev=net0", *more, "-kernel", image]) as q:
                q.wait_for("http")
                status, _, body = fetch(port)
                expect(status == 200 and body == p.read("htdocs/index.html"), f"it serves its page after {loader}'s handover", status, body)


def tests(context):
    for f in (rules, hello, modules, homepage):
        yield f.__name__, lambda f=f: f(context)
