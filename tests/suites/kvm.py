"""kvm images in QEMU: they boot on q35 and on microvm, end with a status, and crash readably; with software emulation, and what KVM can do of it."""

import os

import harness
from lib import machine as kvm
from lib.probe import CRASHES, MANIFEST, PROBE, SAID, check_image
from lib.project import Project, expect

SECONDS = 900  # musl may have to be compiled
MACHINES = ("q35", "microvm")


def run(p, machine, *arguments, status=0):
    r = p.ukc("run", "--quiet", "--machine", machine, "--", *arguments, status=status, timeout=120)
    r.out = r.out.replace("\r", "")
    return r


def undefined(p):
    """A system call that nothing answers is named when the image is linked."""
    p.write("hello.c", "#include <time.h>\n" + p.read("hello.c").decode().replace("    return", "    if (time(NULL) == 1)\n        return 2;\n    return"))
    r = p.ukc("build", status=1)
    expect("undefined symbol: sys_clock_gettime" in r.out + r.err, "the call is named", r)


def hello(context):
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "kvm")
        p.ukc("build", timeout=800)
        check_image(p.read("build", "kvm", "hello"))
        for machine in MACHINES:
            r = run(p, machine)
            expect(r.out == "Hello, world.\n", f"it says hello on {machine}, and nothing else", r)
            r = run(p, machine, "--x", status=64)
            expect("hello: there are no arguments" in r.out, "an argument reaches it", r)
        r = run(p, "microvm", "virtio_mmio.device=512@0xfeb00e00:12")
        expect(r.out == "Hello, world.\n", "words for drivers are no arguments", r)
        r = p.ukc("run", "--dry-run", "--memory", "2M", "--", "a b", "")
        expect("-m 2M" in r.out and "-append '\"a b\" \"\"'" in r.out and "Hello" not in r.out, "the command is printed", r)
        r = p.ukc("run", timeout=60)
        expect("qemu-system-x86_64 -M q35 -accel tcg" in r.err, "the command is printed before it is run", r)
        p.ukc("run", "--memory", "lots", status=2)
        p.ukc("run", "--machine", "pc", status=2)
        r = p.ukc("build")
        expect("CC" not in r.out and "LINK" not in r.out, "there is nothing left to build", r)
        # what it can do without is not in it
        names = p.run("llvm-nm-19", "build/kvm/obj/+image/hello.elf").out
        for absent in ("malloc", "machine_pages_take", "printf", "clock_tsc", "tasks_start"):
            expect(absent not in names, f"{absent} is not in the image", names)
        expect("machine_crash" in names, "the list of symbols is that of the image", names)
        undefined(p)


def machine(context):
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.write("ukc.lua", MANIFEST)
        p.write("probe.c", PROBE)
        p.ukc("configure", "--target", "kvm")
        p.ukc("build", timeout=800)
        for machine in MACHINES:
            r = run(p, machine, status=7)
            expect(r.out == SAID, f"tasks, time, memory and random bytes work on {machine}", r)
        held = {f["feature"]: f["holds"] for f in p.ukc("explain", "--hardening", "--json", "build/kvm/probe").json["features"]}
        for feature in ("w_xor_x", "nx_stack", "null_page", "stack_protector", "cfi", "after_start", "page_tables", "supervisor"):
            expect(held[feature] is True, f"{feature} is seen in the image", held)
        for what, words in CRASHES.items():
            r = run(p, "microvm", f"--what={what}", status=111)
            expect(words in r.out, f"{what}: the report says what happened", r)
            expect(what == "abort" or "\n  at   00000000001" in r.out, f"{what}: it says where", r)
            expect(what == "abort" or "rflags" in r.out, f"{what}: it ends with the registers", r)
        r = run(p, "microvm", "--what=x y", "--", status=64)
        expect("--: " in r.out or "begins with --" in r.out or "no such key" in r.out, "keys are read at boot", r)
        r = run(p, "microvm", "--what=" + 5000 * "x", status=2)
        expect("the arguments have more than 4095 bytes" in r.err, "a command line that is too long is refused", r)


def on_kvm(context):
    """What emulation lacks (x2APIC, the TSC-deadline timer, KVM's clock) is tried where KVM is; how long it takes is nobody's affair here."""
    harness.need("qemu-system-x86_64")
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise harness.Skip("there is no /dev/kvm that may be used")
    with Project(context) as p:
        for name, said, status in (("hello", "Hello, world.\n", 0), ("probe", SAID, 7)):
            if name == "hello":
                kvm.built(context, p, name)
            else:
                p.write("ukc.lua", MANIFEST)
                p.write("probe.c", PROBE)
                kvm.build(p)
            for machine in MACHINES:
                r = p.ukc("run", "--quiet", "--accelerator", "kvm", "--machine", machine, status=None, timeout=120)
                if "KVM cannot go on with it (an internal error)" in r.err:
                    raise harness.Skip(f"this host's KVM interprets its guests, and does not know all instructions: {name} on {machine} was stopped by it")
                expect(r.status == status and r.out.replace("\r", "") == said, f"{name} works under KVM on {machine}", r)


def page_tables(context):
    """The image's page tables reach to its end, wherever that is; beyond it there may be one in vain."""
    for name in ("ld.lld-19", "llvm-nm-19", "clang-19"):
        harness.need(name)
    with Project(context) as p:
        p.write("a.s", ".section .text.entry,\"ax\"\n.global pvh_entry\npvh_entry: ret\n.section .bss\n.space SIZE\n")
        for end in [(1 << 21) + page * 4096 for page in range(-9, 1)] + [100 << 20]:
            p.run("clang-19", "-c", f"-Wa,-defsym,SIZE={end - 0x100000 - 0x18000}", "a.s")
            p.run("ld.lld-19", "-T", os.path.join(context.root, "targets", "pvh", "image.ld"), "--nmagic", "a.o", "-o", "a")
            at = {words[2]: int(words[0], 16) for words in map(str.split, p.run("llvm-nm-19", "a").out.splitlines())}
            tables = (at["page_tables_end"] - at["page_tables_last"]) // 4096
            expect(tables - 1 <= (at["image_end"] - 1 >> 21) + 1 <= tables, f"one table for each 2 MiB up to {at['image_end']:#x}, but {tables}", at)


def tests(context):
    yield "page tables", lambda: page_tables(context)
    yield "hello", lambda: hello(context)
    yield "machine", lambda: machine(context)
    yield "on KVM", lambda: on_kvm(context)
