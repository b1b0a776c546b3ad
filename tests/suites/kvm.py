"""kvm images in QEMU, with software emulation: they boot on q35 and on microvm, end with a status, and crash readably."""

import struct

import harness
from lib.project import Project, expect

SECONDS = 900  # musl may have to be compiled
MACHINES = ("q35", "microvm")
LARGEST_HELLO = 16384

PROBE = r"""
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "console.h"
#include "keys.h"
#include "pages.h"
#include "random.h"
#include "task.h"

static __thread int in_thread = 42, zero_in_thread;
static int finished;

static void worker(void *argument)
{
    task_sleep(clock_now() + *(int *)argument * NANOSECONDS_PER_MILLISECOND);
    printf("worker %d\n", *(int *)argument);
    finished++;
}

static int recurse(volatile char *above)
{
    volatile char here[512];
    here[0] = above[0];
    int n = recurse(here);
    return n + here[0];
}

static void crash(void)
{
    static char code[] = {(char)0xc3};
    if (strcmp(KEY_WHAT, "null") == 0)
        *(volatile int *)8 = 1;
    if (strcmp(KEY_WHAT, "stack") == 0)
        exit(recurse((volatile char[]){1}));
    if (strcmp(KEY_WHAT, "text") == 0)
        *(volatile char *)(uintptr_t)&crash = 0;
    if (strcmp(KEY_WHAT, "constant") == 0)
        *(volatile char *)(uintptr_t)"constant" = 0;
    if (strcmp(KEY_WHAT, "execute") == 0)
        ((void (*)(void))(uintptr_t)code)();
    if (strcmp(KEY_WHAT, "guard") == 0)
        ((volatile char *)pages_allocate(8192))[-1] = 1;
    if (strcmp(KEY_WHAT, "abort") == 0)
        abort();
}

int probe_main(void)
{
    crash();
    printf("thread %d %d, %.3f\n", in_thread, zero_in_thread, sqrt(2.0));
    int late = 30, soon = 10;
    struct task *a, *b;
    int64_t before = clock_now();
    task_start_service(&a, 0, worker, &late);
    task_start_service(&b, 0, worker, &soon);
    task_sleep(before + 50 * NANOSECONDS_PER_MILLISECOND);
    printf("finished %d, in time %d\n", finished, clock_now() - before >= 50 * NANOSECONDS_PER_MILLISECOND);
    unsigned char bytes[64] = {0}, others[64] = {0};
    random_fill(bytes, sizeof bytes);
    random_fill(others, sizeof others);
    int same = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        same += bytes[i] == others[i];
    printf("random %d\n", same < 8);
    char *big = malloc(3000000);
    memset(big, 1, 3000000);
    free(big);
    big = calloc(3000000, 1);
    void *volatile huge = malloc((size_t)1 << 40);
    printf("memory %d %d\n", big && !big[0] && !big[2999999], huge == NULL);
    return 7;
}
"""

MANIFEST = """
return unikernel "probe" {
  sources  = { "probe.c" },
  requires = { console = sig.console, task = sig.task, clock = sig.clock, random = sig.random, pages = sig.pages },
  keys     = { what = key.string { default = "all", phase = "boot", doc = "what to try" } },
}
"""

SAID = "thread 42 0, 1.414\nworker 10\nworker 30\nfinished 2, in time 1\nrandom 1\nmemory 1 1\n"

CRASHES = {
    "null": "page fault: writing 0000000000000008 (null)",
    "stack": "(the stack is full)",
    "text": "(not permitted)",
    "constant": "(not permitted)",
    "execute": "page fault: executing",
    "guard": "(nothing is there)",
    "abort": "abort",
}


def segments(image):
    """Of the ELF file: type, flags, where, size."""
    at, size, count = struct.unpack_from("<Q", image, 32)[0], *struct.unpack_from("<HH", image, 54)
    for i in range(count):
        kind, flags, _, where, _, _, memory, _ = struct.unpack_from("<IIQQQQQQ", image, at + i * size)
        yield kind, flags, where, memory


def check_image(image):
    expect(len(image) <= LARGEST_HELLO, f"the image has at most {LARGEST_HELLO} bytes", len(image))
    loaded = [s for s in segments(image) if s[0] == 1]
    expect(len(loaded) == 3, "code, constants and data are segments of their own", loaded)
    expect(not any(f & 1 and f & 2 for _, f, _, _ in loaded), "nothing is writable and executable", loaded)
    expect(all(where % 4096 == 0 for _, _, where, _ in loaded), "each begins on a page of its own", loaded)
    entry = struct.unpack_from("<Q", image, 24)[0]
    expect(any(f == 5 and where <= entry < where + size for _, f, where, size in loaded), "the ELF entry is code", hex(entry))
    note = image.find(struct.pack("<III", 4, 8, 18) + b"Xen\0")
    expect(note > 0 and struct.unpack_from("<Q", image, note + 16)[0] == entry, "the PVH note names the entry")


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
        for what, words in CRASHES.items():
            r = run(p, "microvm", f"--what={what}", status=111)
            expect(words in r.out, f"{what}: the report says what happened", r)
            expect(what == "abort" or "\n  at   00000000001" in r.out, f"{what}: it says where", r)
            expect(what == "abort" or "rflags" in r.out, f"{what}: it ends with the registers", r)
        r = run(p, "microvm", "--what=x y", "--", status=64)
        expect("--: " in r.out or "begins with --" in r.out or "no such key" in r.out, "keys are read at boot", r)
        r = run(p, "microvm", "--what=" + 5000 * "x", status=2)
        expect("the arguments have more than 4095 bytes" in r.err, "a command line that is too long is refused", r)


def tests(context):
    yield "hello", lambda: hello(context)
    yield "machine", lambda: machine(context)
