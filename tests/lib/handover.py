"""Starts a kvm image in QEMU with what another loader hands over: `handover.image(p, image, "Firecracker", "--port=80")`.

A second loader is added to the image, as one more segment, and its entry is that of the file. QEMU starts it; it writes start_info, the memory
map and the command line where Firecracker or cloud-hypervisor puts them and with what they put there, sets the registers as they do (GDT at
0x500, selectors 8 and 16, ESP and all others 0) and jumps to the image. QEMU's machine is the same all the while: what QEMU's own command line
says of virtio devices is appended as Firecracker does, and cloud-hypervisor's root pointer is that of QEMU.
"""

import struct

from lib import loaders

AT = 40 << 20  # far behind the image, inside of MEMORY
MEMORY = 64 << 20

CODE = r"""
    .code32
    .globl begin
begin:
    cld
    cli
    movl %ebx, %ebp
    movl $low, %esi
1:  lodsl
    testl %eax, %eax
    jz 2f
    movl %eax, %edi
    lodsl
    movl %eax, %ecx
    rep movsb
    jmp 1b
2:  movl 24(%ebp), %esi /* QEMU's command line, behind ours */
    movl $LINE_END, %edi
    testl %esi, %esi
    jz 4f
3:  lodsb
    stosb
    testb %al, %al
    jnz 3b
4:  movl 32(%ebp), %eax /* its root pointer */
    movl $HAS_ROOT, %ecx
    jecxz 5f
    movl %eax, 0x6000 + 32
5:  lgdt table
    ljmp $8, $6f
6:  movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    movl $0x11, %eax
    movl %eax, %cr0
    xorl %eax, %eax
    movl %eax, %cr4
    movl $0x6000, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    xorl %esp, %esp
    jmp ENTRY
table:
    .word 31
    .long 0x500
low:
"""


def memory_map(loader):
    if loader == "Firecracker":
        return [(0, 0x9FC00, 1), (0x9FC00, 0x40400, 2), (0xEEC00000, 0x10000000, 2), (loaders.MIB, MEMORY - loaders.MIB, 1)]
    return [(0, 0xA0000, 1), (loaders.MIB, MEMORY - loaders.MIB, 1), (0xE8000000, 0x10000000, 2)]


def low_memory(loader, line, modules):
    """Address and bytes of all that is written."""
    ranges = b"".join(struct.pack("<QQII", *r, 0) for r in memory_map(loader))
    listed = b"".join(struct.pack("<QQQQ", *m, 0, 0) for m in modules)
    info = struct.pack("<IIIIQQQQII", 0x336EC578, 1, 0, len(modules), 0x8000, 0x20000, 0, 0x7000, len(ranges) // 24, 0)
    segments = struct.pack("<QQQQ", 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF, 0x00008B0000000067)
    return [(0x500, segments), (0x6000, info), (0x7000, ranges), (0x20000, line)] + ([(0x8000, listed)] if listed else [])


def assembled(p, loader, entry, line, modules):
    """The bytes that belong at AT."""
    source = CODE
    for at, content in low_memory(loader, line, modules):
        source += f"    .long {at}, {len(content)}\n    .byte {', '.join(map(str, content))}\n"
    source += "    .long 0\n"
    p.write("handover.s", source)
    symbols = {"ENTRY": entry, "LINE_END": 0x20000 + len(line) - 1, "HAS_ROOT": int(loader != "Firecracker")}
    p.run("clang-19", "--target=i386-unknown-none", "-c", *(f"-Wa,--defsym,{name}={value}" for name, value in symbols.items()), "handover.s", "-o", "handover.o")
    p.run("ld.lld-19", "-m", "elf_i386", "-e", "begin", f"-Ttext={AT:#x}", "--oformat=binary", "handover.o", "-o", "handover.bin")
    return p.read("handover.bin")


def image(p, original, loader, *words, modules=()):
    """The path of a copy of the image, an ELF file, that QEMU starts as `loader` would; modules: where they are, it says, and how long."""
    content = bytearray(p.read(original))
    line = " ".join(words).encode() + (b" pci=off " if loader == "Firecracker" else b" ") + b"\0"
    code = assembled(p, loader, loaders.load(content, MEMORY), line, modules)
    header = loaders.Header(content)
    note = next(s for s in loaders.segments(content) if s.kind == loaders.NOTE)
    table = content[header.at:header.at + header.count * header.size]
    content += bytes(-len(content) % loaders.PAGE)
    table += struct.pack("<IIQQQQQQ", loaders.LOAD, 7, len(content), AT, AT, len(code), len(code), loaders.PAGE)
    content += code
    struct.pack_into("<Q", content, 32, len(content))
    struct.pack_into("<H", content, 56, header.count + 1)
    struct.pack_into("<Q", content, note.offset + 16, AT)
    content += table
    p.write("handover", bytes(content))
    return p.file("handover")
