"""What loaders of PVH images ask of an ELF file, as a model of them: tests of kvm images check every file they build.

    loaders.check(image, "homepage")        # raises Failure: which rule, and of which loader

The model is that of rust-vmm's linux-loader (0.14, src/loader/elf/mod.rs), which Firecracker and cloud-hypervisor share, with the
places where Firecracker 1.12 to 1.16 (src/vmm/src/arch/x86_64/layout.rs) and cloud-hypervisor 53 (arch/src/x86_64/layout.rs) put things of
their own. What else PVH asks is from Xen's public/elfnote.h and docs/misc/pvh.pandoc.
"""

import struct

from harness import Failure
from lib.project import expect

MIB = 1 << 20
HIGH_MEMORY = MIB  # both: nothing of an image is below
LOAD, NOTE, TLS = 1, 4, 7
PHYS32_ENTRY = 18
EXECUTE, WRITE, READ = 1, 2, 4
PAGE = 4096

# from, to, what: all of it is written after the image was loaded, or before; initial ram disks are put at the end of memory
PLACES = {
    "Firecracker": [(0x500, 0x528, "GDT and IDT"), (0x6000, 0x6040, "start_info"), (0x6040, 0x6060, "the list of modules"),
                    (0x7000, 0x7000 + 64 * 24, "the memory map"), (0x20000, 0x20800, "the command line"),
                    (0x9FC00, 0xE0000, "MP and ACPI tables"), (0xE0000, 0xE0024, "the ACPI root pointer")],
    "cloud-hypervisor": [(0x40E, 0x410, "the EBDA's address"), (0x500, 0x528, "GDT and IDT"), (0x6000, 0x6040, "start_info"),
                         (0x6040, 0x6060, "the list of modules"), (0x7000, 0x7000 + 64 * 24, "the memory map"),
                         (0x20000, 0x30000, "the command line"), (0xA0000, 0xF0000, "ACPI tables"), (0xF0000, 0x100000, "SMBIOS and MP tables")],
}
DEVICES_FROM = {"Firecracker": 0xC0000000, "cloud-hypervisor": 0xC0000000}  # the first range of memory ends here at the latest


class Refused(Exception):
    """A loader would not take the file."""


class Header:
    """Of an ELF file: `entry`, `at` (of program headers), `size`, `count`."""

    def __init__(self, image):
        if len(image) < 64 or image[:4] != b"\x7fELF":
            raise Refused("no ELF magic number")
        self.kind, self.machine = struct.unpack_from("<HH", image, 16)
        self.entry, self.at = struct.unpack_from("<QQ", image, 24)
        self.size, self.count = struct.unpack_from("<HH", image, 54)
        if image[5] != 1:
            raise Refused("the file is big-endian")
        if self.size != 56:
            raise Refused("program headers of another size")
        if self.at < 64:
            raise Refused("program headers inside of the ELF header")


class Segment:
    def __init__(self, image, at):
        if at + 56 > len(image):
            raise Refused("program headers reach beyond the file")
        self.kind, self.flags, self.offset, self.virtual, self.physical, self.stored, self.memory, self.align = struct.unpack_from("<IIQQQQQQ", image, at)

    @property
    def end(self):
        return self.physical + self.memory


def segments(image):
    header = Header(image)
    return [Segment(image, header.at + k * header.size) for k in range(header.count)]


def entry_of_note(image, segment):
    """Of one PT_NOTE; None: another note. Descriptors and names are aligned to 4, whatever the segment says."""
    at, end = segment.offset, segment.offset + segment.stored
    while at < end:
        if at + 12 > len(image):
            raise Refused("a note reaches beyond the file")
        name, size, kind = struct.unpack_from("<III", image, at)
        text = at + 12
        if kind == PHYS32_ENTRY and image[text:text + 4] == b"Xen\0" and name == 4:
            if size < 4:
                raise Refused("the note of the entry is too short")
            return struct.unpack_from("<I", image, text + 4)[0]
        at = text + -(-name // 4) * 4 + -(-size // 4) * 4
    return None


def load(image, memory):
    """As linux-loader does: where PVH begins, or None for no PVH image. `memory` is in bytes, from 0, in one piece."""
    if Header(image).entry < HIGH_MEMORY:
        raise Refused("e_entry is below 1 MiB")
    entry = None
    for s in segments(image):
        if s.kind == NOTE:
            entry = entry_of_note(image, s)  # of several, the last one counts
        if s.kind != LOAD or s.stored == 0:
            continue
        if s.offset + s.stored > len(image):
            raise Refused("a segment reaches beyond the file")
        if s.physical + s.stored > memory:
            raise Refused("a segment does not fit into memory")
    return entry


def check_entry(image, name, entry, loaded):
    code = [s for s in loaded if s.flags & EXECUTE]
    expect(entry is not None, f"{name}: there is a note with the entry of PVH")
    for where, what in ((entry, "the entry of PVH"), (Header(image).entry, "e_entry")):
        expect(any(s.physical <= where < s.physical + s.stored for s in code), f"{name}: {what} is code in the file", hex(where))


def check_segments(name, loaded):
    last = 0
    for s in loaded:
        where = f"{name}: the segment at {s.physical:#x}"
        expect(s.physical == s.virtual, f"{where} runs where it is loaded", hex(s.virtual))
        expect(s.physical % PAGE == 0, f"{where} begins with a page")
        expect(s.physical >= last, f"{where} is behind the one before, and overlaps nothing", hex(last))
        expect(s.stored <= s.memory, f"{where} has no more bytes in the file than in memory", s.stored, s.memory)
        expect(s.flags & (WRITE | EXECUTE) != WRITE | EXECUTE, f"{where} is not both written and executed", s.flags)
        last = s.end
        for loader, places in PLACES.items():
            expect(s.end <= DEVICES_FROM[loader], f"{where} is in {loader}'s first range of memory", hex(s.end))
            for begin, end, what in places:
                expect(s.end <= begin or s.physical >= end, f"{where} is not where {loader} puts {what}", hex(begin))


def check(image, name="the image"):
    try:
        check_file(image, name)
    except Refused as reason:
        raise Failure(f"{name} is refused: {reason}") from None


def check_file(image, name):
    loaded = [s for s in segments(image) if s.kind == LOAD]
    expect(loaded, f"{name} has something to load")
    notes = [s for s in segments(image) if s.kind == NOTE]
    expect(len(notes) == 1, f"{name}: there is one segment of notes: of several, loaders take the last one", len(notes))
    end = max(s.end for s in loaded)
    header = Header(image)
    expect((header.kind, header.machine) == (2, 62), f"{name} is an x86-64 program at a fixed place", header.kind, header.machine)
    check_entry(image, name, load(image, -(-end // MIB) * MIB), loaded)  # Firecracker counts memory in MiB
    check_segments(name, loaded)
