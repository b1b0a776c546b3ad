"""How images are sealed: what their files show of it, as ukc and as independent readers see it."""

import ctypes
import errno
import json
import re
import signal
import struct
import subprocess

import harness
from lib import machine as kvm
from lib.project import Project, expect

SECONDS = 900  # the C library may have to be compiled


def seen(p, image):
    """What `ukc explain --hardening` says: {feature: True, False or None}, and all of it."""
    answer = p.ukc("explain", "--hardening", "--json", image).json
    return {f["feature"]: f["holds"] for f in answer["features"]}, answer


def checksec(p, image):
    """As Debian's checksec sees it."""
    program = harness.need("checksec")
    return json.loads(p.run(program, f"--file={image}", "--output=json").out)[image]


def compare(p, image):
    mine, answer = seen(p, image)
    other = checksec(p, image)
    expect(mine["pie"] == (other["pie"] == "yes"), "checksec says the same of pie", answer, other)
    expect(mine["relro"] == (other["relro"] == "full"), "and of relro", answer, other)
    expect(mine["nx_stack"] == (other["nx"] == "yes"), "and of the stack", answer, other)
    return mine, answer


PROBE = r"""
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include "keys.h"

[[gnu::noinline]] static void fill(void)
{
    volatile char block[512];
    for (unsigned i = 0; i < sizeof block; i++)
        block[i] = 'x';
}

[[gnu::noinline]] static int left(void)
{
    volatile char block[512];
    int count = 0;
    for (unsigned i = 0; i < sizeof block; i++)
        count += block[i] == 'x';
    return count;
}

/* a way into the kernel that the image's own list does not have */
static void call(long number)
{
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
}

/* to write, where it is new */
static int opens(const char *path)
{
    int file = open(path, strstr(path, "new") ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY, 0600);
    if (file < 0 && errno != EACCES)
        return 64;
    return file >= 0;
}

/* as a parser would, of what somebody has sent */
[[gnu::noinline]] static int sum(volatile int n)
{
    return n + (int)strlen(KEY_WHAT);
}

[[gnu::noinline]] static int at(volatile unsigned index)
{
    static const volatile unsigned char table[8] = {1};
    return table[index] & 1;
}

/* as a return address would that somebody has changed: no check of pointers is in the way */
[[gnu::noinline]] static void jump(void *code)
{
    *(volatile char *)code = (char)0xc3;
    __asm__ volatile("call *%0" : : "r"(code) : "memory");
}

[[gnu::noinline]] static void smash(size_t size)
{
    char here[16];
    for (size_t i = 0; i < size; i++)
        ((volatile char *)here)[i] = 'x';
}

static int deeper(volatile char *above)
{
    volatile char here[512];
    here[0] = above[0];
    int n = deeper(here);
    return n + here[0];
}

static int number(int n)
{
    return n + 1;
}
static int (*volatile through)(int) = number;

int probe_main(void)
{
    static char data[16];
    char line[64];
    if (through(1) != 2)
        return 1;
    fill();
    snprintf(line, sizeof line, "%d", left());
    if (puts(line) < 0 || fflush(stdout) != 0)
        return 1;
    if (strcmp(KEY_WHAT, "overflow") == 0)
        return sum(INT_MAX - 3) == INT_MIN;
    if (strcmp(KEY_WHAT, "bounds") == 0)
        return at(8) > 1;
    if (strcmp(KEY_WHAT, "shift") == 0)
        return 1 << strlen(KEY_WHAT) * 8 == 2;
    if (strcmp(KEY_WHAT, "file") == 0)
        return opens("secret") << 5 | opens("read/given") << 4 | opens("/etc/passwd") << 3 | opens("read/new") << 2 | opens("shared/given") << 1 | opens("shared/new");
    if (strcmp(KEY_WHAT, "zone") == 0)
        return localtime(&(time_t){0})->tm_hour;
    if (strcmp(KEY_WHAT, "key") == 0)
        *(const char *volatile *)&ukc_key_what = "nothing";
    if (strcmp(KEY_WHAT, "call") == 0)
        call(SYS_getppid);
    if (strcmp(KEY_WHAT, "execute") == 0)
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (strcmp(KEY_WHAT, "text") == 0)
        *(volatile char *)(uintptr_t)&probe_main = 0;
    if (strcmp(KEY_WHAT, "constant") == 0)
        *(volatile char *)(uintptr_t)"constant" = 0;
    if (strcmp(KEY_WHAT, "data") == 0)
        jump(data);
    if (strcmp(KEY_WHAT, "heap") == 0)
        jump(malloc(64));
    if (strcmp(KEY_WHAT, "frame") == 0)
        jump((char[16]){0});
    if (strcmp(KEY_WHAT, "null") == 0)
        *(volatile int *)8 = 1;
    if (strcmp(KEY_WHAT, "stack") == 0)
        return deeper((volatile char[]){1});
    if (strcmp(KEY_WHAT, "canary") == 0)
        smash(8 * strlen(KEY_WHAT)); /* the compiler leaves out what it knows to be beyond an array */
    if (strcmp(KEY_WHAT, "remap") == 0) /* what is written first, to be executed then */
        mprotect((void *)((uintptr_t)line & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC);
    if (strcmp(KEY_WHAT, "type") == 0)
        ((long (*volatile)(void))(uintptr_t)through)();
    if (strcmp(KEY_WHAT, "middle") == 0)
        ((int (*volatile)(int))((uintptr_t)through + 1))(1);
    return 0;
}
"""
KEYS = """keys = {
  what = key.string { default = "nothing", phase = "boot", doc = "what to try" },
  folder = key.path { default = "elsewhere", phase = "boot", doc = "where files may be opened" },
  read = key.path { default = "read", read_only = true, doc = "where files may be read" },
}"""
ENDS = {"nothing": 0, **dict.fromkeys(("call", "execute", "remap"), -signal.SIGSYS),
        **dict.fromkeys(("text", "constant", "key", "data", "heap", "frame", "null", "stack", "canary"), -signal.SIGSEGV),
        **dict.fromkeys(("overflow", "bounds", "shift", "type", "middle"), -signal.SIGILL)}
ANY = """#include <unistd.h>
int probe_main(void)
{
    return syscall(39) < 0;
}
"""


def probe(p, code, more=KEYS):
    p.write("ukc.lua", f'return unikernel "probe" {{ untrusted_input = true, sources = {{ "probe.c" }}, requires = {{ console = sig.console }}, {more} }}\n')
    p.write("probe.c", code)


def build(p, *settings, target="posix"):
    p.ukc("configure", "--target", target, *(f"--set={setting}" for setting in settings))
    p.ukc("build", timeout=800)
    return f"build/{target}/probe"


def order(p):
    """The functions of the image by their addresses."""
    lines = p.run("llvm-nm-19", "--numeric-sort", "--defined-only", "build/posix/probe.debug").out.splitlines()
    return [line.split()[2] for line in lines if line.split()[1] in "tT"]


def layouts(p, plain):
    """A seed decides the order: the same one the same bytes; another one, others. (The suite secrets makes one again from its record.)"""
    images, orders = [p.read(plain)], []
    for words in ((), ("--seed", "7"), ("--seed", "8"), ("--set", "seal.layout=7")):
        p.ukc("configure", *words)
        p.ukc("build", timeout=800)
        images.append(p.read(plain))
        orders.append(order(p))
        expect(p.run(plain).out == "0\n", f"{words}: it works")
    expect(images[0] == images[1] and images[2] == images[4] and images[2] not in images[:2] and images[3] not in images[:3], "the number decides the bytes")
    expect(orders[1] != orders[0] and orders[2] not in orders[:2] and sorted(orders[0]) == sorted(orders[1]), "and the order of functions", orders)
    expect("seal.layout = 7" in p.ukc("plan").out, "the plan has the number")
    r = p.ukc("configure", "--seed", "0x", status=1)
    expect("seal.layout" in r.err, "what is no number is refused", r)


def has_landlock():
    """Whether this kernel has Landlock: it says the version of its interface."""
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


def old_kernel(p, *argv):
    """As on a kernel without Landlock: its first call is refused as an unknown one. A filter of seccomp(2), which the program inherits."""
    code = struct.pack("<HBBIHBBIHBBIHBBI", 0x20, 0, 0, 0, 0x15, 0, 1, 444, 6, 0, 0, 0x50000 | errno.ENOSYS, 6, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", 4, ctypes.addressof(buffer)))

    def install():
        libc = ctypes.CDLL(None)
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
            raise OSError("no seccomp")

    return subprocess.run(argv, cwd=p.path, preexec_fn=install, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def files(p, image, answer):
    """Only what lies beneath its keys is opened, and what the C library's functions that it has open."""
    for name in ("secret", "read/given", "shared/given"):
        p.write(name, "")
    allowed = next(f["evidence"] for f in answer["features"] if f["feature"] == "landlock")
    expect("opens rw folder, r read, r /etc/localtime, r /usr/share/zoneinfo" in allowed, "the image says what it opens", allowed)
    r = p.run(image, "--what=file", "--folder=shared", status=None)
    expect(r.status == (0b010011 if has_landlock() else 0b111111), "nothing else is opened, where the kernel has Landlock", r)
    expect(p.run(image, "--what=file", status=None).status == (0b010000 if has_landlock() else 0b111111), "what an argument names counts", r)
    expect(p.run(image, "--what=zone", environment={"TZ": "Etc/GMT-5"}, status=None).status == 5, "the time zone is read")
    for name in ("read/new", "shared/new"):
        p.write(name, "")
    old = old_kernel(p, p.file(image), "--what=file", "--folder=shared")
    expect(old.returncode == 0b111111 and old.stderr.count("this kernel has no Landlock") == 1, "a kernel without it is named, and the image runs", old)


def process(context):
    """Of a process: what it is built with is seen, by ukc and by checksec; without it, it is not."""
    with Project(context) as p:
        probe(p, PROBE)
        image = build(p)
        held, answer = compare(p, image)
        expect(answer["kind"] == "process", "it is a process", answer)
        for feature in ("pie", "relro", "after_start", "w_xor_x", "nx_stack", "null_page", "stack_protector", "seccomp", "landlock", "cfi", "traps"):
            expect(held[feature] is True, f"{feature} holds", answer)
        calls = next(f["evidence"] for f in answer["features"] if f["feature"] == "seccomp").split(": ")[1].split()
        expect("writev" in calls and "getppid" not in calls and "execve" not in calls, "its system calls are listed", calls)
        for what, status in ENDS.items():
            expect(p.run(image, f"--what={what}", status=status).out == "0\n", f"{what}: it ends as it should")
        expect(held["auto_var_init"] is None, "what no file can show is not claimed", answer)
        expect(p.run(image).out == "0\n", "what was never set is zero")
        r = p.ukc("show", "--json", image).json
        expect(r["hardening"]["features"] == answer["features"], "the record keeps it", r["hardening"])
        text = p.ukc("explain", "--hardening", image).out
        expect(text.split("\n", 1)[1] in p.ukc("show", image).out, "as text too", text)
        expect(text.startswith(f"{image}: a process, x86-64\n  yes  pie "), "as text, one feature a line", text)
        expect(len(text.splitlines()) == 1 + len(held), "each has its line", text)
        layouts(p, image)
        files(p, image, answer)
        held, answer = compare(p, build(p, "seal.relro=false"))
        expect(held["relro"] is False and held["stack_protector"] is True, "without relro there is none", answer)
        expect(p.run(image).out == "0\n", "and the image works")
        p.write("probe.c", ANY)
        image = build(p)
        r = p.ukc("build")
        expect(not r.err, "nothing new", r)
        p.write("probe.c", ANY + "\n")
        r = p.ukc("build")
        expect("warning: system calls of the image are not held to a list, as seal.seccomp would: the number of a system call is not constant" in r.err, "the build says it", r)
        held, answer = seen(p, image)
        expect(held["seccomp"] is False, "a call that may be any is said to be", answer)
        p.run(image)


def unsealed(context):
    """Without seals that the C library is compiled anew for."""
    with Project(context) as p:
        probe(p, PROBE)
        image = build(p, "seal.auto_var_init=false", "stack_protector=false", "seccomp=false", "cfi=false", "landlock=false", "traps=false", "read_only_after_start=false")
        held, answer = seen(p, image)
        expect(held["stack_protector"] is None, "no canary is read", answer)
        expect(int(p.run(image).out) > 100, "what was never set is what lay there")
        expect(held["seccomp"] is False and held["cfi"] is False, "no list of system calls is in it, and no check of calls", answer)
        expect(held["after_start"] is None, "and nothing that becomes read-only", answer)
        expect(held["traps"] is None, "and no arithmetic is checked", answer)
        for what in ("call", "key", "type", "bounds", "shift"):
            p.run(image, f"--what={what}")
        for name in ("secret", "read/given", "shared/given"):
            p.write(name, "")
        expect(p.run(image, "--what=file", status=None).status == 0b111111 and held["landlock"] is False, "every file is opened", answer)


LACKS = {  # how a program is linked, and what it then lacks
    "pie": ["-no-pie"], "relro": ["-Wl,-z,lazy"], "nx_stack": ["-Wl,-z,execstack"],
}


def all_allowed(image):
    """The file with all its segments writable and executable."""
    image, at = bytearray(image), struct.unpack_from("<Q", image, 32)[0]
    for i in range(struct.unpack_from("<H", image, 56)[0]):
        struct.pack_into("<I", image, at + 56 * i + 4, 7)
    return bytes(image)


def others(context):
    """Of programs that ukc did not make: what is lacking is said to be."""
    cc = harness.need("cc")
    with Project(context) as p:
        p.write("program.c", "#include <stdio.h>\nint main(int n, char **v) { char line[64]; snprintf(line, sizeof line, \"%d %s\", n, v[0]); return puts(line); }\n")
        everything = ["-fPIE", "-pie", "-O2", "-Wl,-z,relro,-z,now", "-fstack-protector-strong", "program.c", "-o"]
        p.run(cc, *everything, "all")
        held, answer = compare(p, "all")
        for feature in (*LACKS, "w_xor_x", "stack_protector"):
            expect(held[feature] is True, f"{feature} holds", answer)
        for feature, words in LACKS.items():
            p.run(cc, *everything, feature, *words)
            held, answer = compare(p, feature)
            expect(held[feature] is False, f"{feature} does not hold", answer)
        p.write("all", all_allowed(p.read("all")))
        held, answer = seen(p, "all")
        expect(held["w_xor_x"] is False and held["nx_stack"] is False, "writable code is seen", answer)
        r = p.ukc("explain", "--hardening", "program.c", status=6)
        expect("'program.c' is no image: it is no ELF file" in r.err, "a file that is no image is refused", r)
        r = p.ukc("explain", "--hardening", "nowhere", status=1)
        expect("cannot read 'nowhere'" in r.err, "one that is not there, too", r)
        whole = p.read("all")
        p.write("headless", whole[:60] + bytes(2) + whole[62:])
        seen(p, "headless")  # loaders need no section headers
        for at, size in ((40, 8), (58, 2)):  # where they are, and the size of one
            p.write("headless", whole[:at] + bytes(size) + whole[at + size:])
            r = p.ukc("explain", "--hardening", "headless", status=6)
            expect("is damaged: it" in r.err and " section" in r.err and not r.out, "nothing is said to be lacking that cannot be seen", r)
        p.write("short", p.read("all")[:300])
        r = p.ukc("explain", "--hardening", "short", status=6)
        expect("beyond its end" in r.err, "one that is cut off", r)


PARSERS = {"http", "http.parser", "http.stack", "http.stack.netif"}  # of homepage on kvm: what others send comes through these


def parsers(context):
    """Exactly the instances that read what others send are compiled with traps, imports included."""
    with Project(context) as p:
        kvm.built(context, p, "homepage")
        trapped, files = set(), set()
        for unit in json.loads(p.read("build/kvm/compile_commands.json")):
            found = re.match(r"build/kvm/obj/([a-z][a-z.]*)/", unit["output"])
            if found and "-fsanitize-trap=array-bounds" in unit["command"]:
                trapped.add(found[1])
                files.add(unit["file"].rsplit("/", 1)[-1])
        expect(trapped == PARSERS and {"tcp_in.c", "ip6.c", "dhcp.c"} <= files, "they are", trapped, files)
        evidence = next(f["evidence"] for f in seen(p, "build/kvm/homepage")[1]["features"] if f["feature"] == "traps")
        expect(int(evidence.split()[0]) > 60, "and traps are in the image", evidence)


def tests(context):
    yield "process", lambda: process(context)
    if context.long:
        yield "unsealed", lambda: unsealed(context)
    yield "parsers", lambda: parsers(context)
    yield "others", lambda: others(context)
