"""A target's C library: which images have it; compiled once for a user, not once in each project, to the same image; what it cannot do is explained."""

import os
import pty
import re
import shutil
import signal
import subprocess

from harness import need
from lib.project import Project, copy_store, expect

SECONDS = 900


def own_store(context, p):
    """The imports of the store that all tests share, and nothing else."""
    path = p.file("store")
    copy_store(context, path)
    p.environment["UKC_STORE"] = path


def project(p, name):
    p.copy("examples/hello", name)
    return p.file(name)


def build(p, where, environment=None):
    p.ukc("configure", "--target", "kvm", directory=where, environment=environment)
    return p.ukc("build", directory=where, environment=environment, timeout=800)


def outputs(where):
    def read(name):
        with open(os.path.join(where, "build/kvm", name), "rb") as f:
            return f.read()

    return [read(name) for name in ("hello", "hello.debug", "obj/+library.a")]


def was_compiled(where):
    return os.path.isdir(os.path.join(where, "build/kvm/obj/+library/src"))


def entries(p):
    """Of libraries: what the tools are and single objects are kept there too, which are smaller."""
    actions = p.file("store", "actions")
    paths = [os.path.join(actions, name) for name in sorted(os.listdir(actions)) if name != "lock"]
    return [path for path in paths if os.path.getsize(path) > 1 << 20]


def kept(context):
    with Project(context) as p:
        own_store(context, p)
        both = [project(p, "one"), project(p, "two")]
        for where in both:
            p.ukc("configure", "--target", "kvm", directory=where)
        terminal, end = pty.openpty()
        running = [subprocess.Popen([str(context.ukc), "-C", where, "build"], cwd=p.path, env=p.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=end, start_new_session=True) for where in both]
        os.close(end)
        for process in running:
            said = process.communicate(timeout=800)[0].decode(errors="replace")
            expect(process.returncode == 0, "two builds at once work", process.returncode, said)
        told = os.read(terminal, 4096).decode()
        expect(re.fullmatch(r"\r\x1b\[Kukc: compiling the C library, 7\d\d files: once, then the store has it\r\n", told), "who looks is told once why it takes so long", told)
        os.close(terminal)
        expect(outputs(both[0]) == outputs(both[1]), "they make the same bytes")
        expect(sorted(map(was_compiled, both)) == [False, True], "one of them compiled the library, the other waited for it")
        expect(len(entries(p)) == 1, "there is one entry", entries(p))

        with open(os.path.join(both[0], "build/kvm/gen/library.ninja")) as f:
            flags = next(line for line in f if line.lstrip().startswith("flags = ")).split()
        places = [flag.removeprefix("-isystem").removeprefix("-I") for flag in flags if flag.startswith(("-I", "-isystem"))]
        expect(len(places) > 4 and len(places) == len(set(places)), "no directory is named twice: the compiler would drop the first", places)

        r = p.run("ninja", "-f", "build/kvm/build.ninja", "-t", "deps", "build/kvm/obj/+library.a",
                  directory=both[0] if not was_compiled(both[0]) else both[1])
        expect("/src/internal/libc.h" in r.out and "gen/+library/bits/alltypes.h" in r.out, "what the library was made of is known also without making it", r)
        if not context.long:
            return

        with open(entries(p)[0], "r+b") as f:
            f.seek(100000)
            byte = f.read(1)
            f.seek(100000)
            f.write(bytes([byte[0] ^ 1]))
        third = project(p, "three")
        r = build(p, third)
        expect("is damaged: it is made anew" in r.out + r.err, "a damaged entry is reported", r)
        expect(was_compiled(third) and outputs(third) == outputs(both[0]), "it is not used: the image is compiled, the same")
        fourth = project(p, "four")
        r = build(p, fourth)
        expect("damaged" not in r.out + r.err and not was_compiled(fourth), "there is a new one", r)
        expect(outputs(fourth) == outputs(both[0]), "with the same bytes")


SEVERAL = """
return unikernel "one" { sources = { "one.c" }, requires = { console = sig.console } },
       unikernel "two" { sources = { "two.c" }, requires = { console = sig.console } }
"""


def shared(context):
    """The unikernels of a manifest are built in folders of their own: they have one library nevertheless, and the images that each would have alone."""
    with Project(context) as p:
        own_store(context, p)
        p.write("ukc.lua", SEVERAL)
        images = []
        for name in ("one", "two"):
            p.write(name + ".c", '#include <stdio.h>\nint %s_main(void)\n{\n    return printf("%%d\\n", 1) < 0;\n}\n' % name)
        for name in ("one", "two"):
            p.ukc("configure", "--target", "kvm", name)
            p.ukc("build", name, timeout=800)
        read = lambda: [p.read("build", "kvm", "two", name) for name in ("two", "two.debug")]  # noqa: E731
        images.append(read())
        compiled = [os.path.isdir(p.file("build", "kvm", name, "obj/+library/src")) for name in ("one", "two")]
        expect(compiled == [True, False] and len(entries(p)) == 1, "the second takes what the first made", compiled, entries(p))
        expect(b"build/kvm/one/" not in images[0][1], "nothing in the second names the first")
        r = p.run("ninja", "-f", "build/kvm/two/build.ninja", "-t", "deps", "build/kvm/two/obj/+library.a")
        expect("build/kvm/two/root/" in r.out and "build/kvm/one/" not in r.out, "its dependencies are its own", r.out[:500])
        r = p.ukc("build", "two")
        expect("LIBRARY" not in r.out, "there is nothing left to build", r)
        shutil.rmtree(p.file("build"))
        shutil.rmtree(p.file("store", "actions"))
        p.ukc("configure", "--target", "kvm", "two")
        p.ukc("build", "two", timeout=800)
        expect(read() == images[0], "the image is the same as when it makes its library itself")


def not_kept(context):
    """Without a store that can be written, with a library that is not the kept one, with a compiler that fails."""
    with Project(context) as p:
        own_store(context, p)
        with open(p.file("store", "actions"), "w"):
            pass  # where the directory should be
        one = project(p, "one")
        build(p, one)
        expect(was_compiled(one), "without room for entries it is compiled")
        os.remove(p.file("store", "actions"))

        for top in ("libs", "targets", "manifests"):
            shutil.copytree(os.path.join(str(context.root), top), p.file("catalogue", top), symlinks=True)
        header = p.file("catalogue", "targets/pvh/libc/internal/syscall_arch.h")
        two = project(p, "two")
        p.ukc("configure", "--target", "kvm", "--catalogue", p.file("catalogue"), directory=two)
        with open(header) as f:
            text = f.read()
        with open(header, "w") as f:
            f.write("#error changed\n" + text)
        r = p.ukc("build", directory=two, status=1, timeout=800)
        expect("changed" in r.out + r.err and "failed: CC library/" in r.out, "a file of the library that does not compile is named", r)
        expect(entries(p) == [], "nothing of it is kept", entries(p))


CALLS = r"""
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include "console.h"

static int size(const char *name)
{
    struct stat st;
    return stat(name, &st) ? 0 : (int)st.st_size;
}

static int (*const table[])(const char *) = {size};

static long now(void)
{
    return (long)time(NULL);
}

static void *run(void *x)
{
    return x;
}

int hello_main(void)
{
    char line[80];
    pthread_t thread;
    FILE *f = fopen("x", "r");
    if (f && fgets(line, sizeof line, f))
        printf("%ld %s", now(), line);
    pthread_create(&thread, NULL, run, NULL);
    return table[line[0] & 1](line);
}
"""


def missing(context):
    """Each call that no machine can do is reported once, where a component makes it, with the way through the library and a remedy."""
    with Project(context) as p:
        p.copy("examples/hello")
        good = p.read("hello.c")
        for profile in ("release", "dev"):
            p.write("hello.c", CALLS)
            p.ukc("configure", "--target", "kvm", "--profile", profile)
            r = p.ukc("build", status=1, timeout=800)
            for place, words, way, remedy in (
                ("18:18", "'hello' makes the system call clock_gettime, which kvm does not have",
                 "note: now (hello.c:18) calls time (src/time/time.c:", "requires = { clock = sig.clock }"),
                ("30:15", "'hello' makes the system call open, which kvm does not have",
                 "note: hello_main (hello.c:30) calls ", 'embed "DIR"'),
                ("33:5", "'hello' calls pthread_create, which is in none of the image's sources and not in the C library of kvm", "", "sig.task"),
                ("11:12", " calls stat, which is in none of the image's sources and not in the C library of kvm", "", "sig.kv_ro"),
            ):
                at = r.err.find(f"hello.c:{place}: error: ")
                expect(at >= 0, f"{profile}: {place} is named", r)
                said = r.err[at:r.err.find("\nhello.c:", at) if "\nhello.c:" in r.err[at:] else len(r.err)]
                expect(words in said.split("\n")[0] and way in said and remedy in said, f"{profile}: {words}", said)
            expect(r.err.count("error:") == 4, f"{profile}: each mistake is told once", r)
        p.write("hello.c", "#include <stdlib.h>\nint hello_main(void)\n{\n    abort();\n}\n")
        p.ukc("build")  # still for dev: a cold function of the library makes its own calls, and not all there are
        p.write("hello.c", good)
        p.ukc("build")


def is_dynamic(p, image):
    with open(p.file("build/posix", image), "rb") as f:
        return b"libc.so.6\0" in f.read()


HOST_ONLY = """#include <linux/if_tun.h>
#include "console.h"

int hello_main(void)
{
    return console_write("tun\\n", TUN_TAP_DEV == 2 ? 4 : 0) < 0;
}
"""


RELOCATED = """#include "console.h"

static const char *const words[] = {"one", "two"};

int hello_main(void)
{
    const char *const *word = words;
    __asm__("" : "+r"(word));
    *(const char *volatile *)(unsigned long)word = "three";
    return console_write("written\\n", 8) < 0;
}
"""


def posix_relocated(context):
    """Constants with addresses in them are read-only once the image runs, whoever loads it."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.write("hello.c", RELOCATED)
        for profile in ("release", "dev"):
            p.ukc("configure", "--target", "posix", "--profile", profile)
            p.ukc("build")
            r = p.run("build/posix/hello", status=None)
            expect(r.status == -signal.SIGSEGV and r.out == "", f"{profile}: a write to them ends it", r)


def posix(context):
    """Release images on posix have musl, unless a component needs the host's C library, and say why."""
    with Project(context) as p:
        p.copy("examples/hello")
        good, manifest = p.read("hello.c"), p.read("ukc.lua").decode()
        p.ukc("configure", "--target", "posix")
        p.ukc("build")
        expect(not is_dynamic(p, "hello"), "a release image needs no shared object")
        r = p.run("llvm-readelf-19", "--file-header", "--segments", "build/posix/hello")
        expect("DYN" in r.out and "INTERP" not in r.out and "GNU_RELRO" in r.out and " RWE " not in r.out, "it is position independent, and loads itself", r)
        expect(p.ukc("run").out == "Hello, world.\n", "it works")
        r = p.ukc("explain", "libc")
        expect(r.out.startswith("libc: musl") and "targets/posix/ukc.lua:" in r.out, "this is explained", r)
        expect(p.ukc("explain", "libc", "--json").json[0]["libc"] == "musl", "also as JSON")

        p.write("hello.c", HOST_ONLY)
        r = p.ukc("build", status=1)
        expect("<linux/if_tun.h> is the host's" in r.err and "host_libc = true" in r.err, "a header that only the host has: what to do", r)
        p.write("hello.c", good.decode().replace("int hello_main", "int backtrace(void **, int);\nint hello_main").replace(
            "    return console", "    backtrace(0, 0);\n    return console"))
        r = p.ukc("build", status=1)
        expect("calls backtrace" in r.err and "not in the C library of posix" in r.err and "host_libc = true" in r.err, "a function likewise", r)

        p.write("hello.c", b"#include <zlib.h>\n" + good)
        r = p.ukc("build", status=1)
        expect("<zlib.h> is of a library of the host" in r.err and 'imports = { pkgconfig "zlib" }' in r.err and "host_libc" not in r.err,
               "a header of a library: which import has it", r)

        p.write("hello.c", HOST_ONLY)
        p.write("ukc.lua", manifest.replace("sources", "host_libc = true, sources", 1))
        p.ukc("build")
        expect(is_dynamic(p, "hello") and p.ukc("run").out == "tun\n", "with the host's C library the image is built", p.ukc("explain", "libc"))
        expect("'hello' says host_libc = true (ukc.lua:" in p.ukc("explain", "libc").out, "who wants it is said", p.ukc("explain", "libc"))

        p.write("hello.c", good)
        p.write("ukc.lua", manifest)
        p.ukc("configure", "--profile", "dev")
        p.ukc("build")
        expect(is_dynamic(p, "hello") and "the host's" in p.ukc("explain", "libc").out, "a dev image has the host's", p.ukc("explain", "libc"))


def posix_host_library(context):
    """A library of the host was compiled for the host's C library: that one is linked."""
    with Project(context) as p:
        p.copy("examples/squeeze")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace('embed "text"', 'embed "text", press = "compress_zstd_host"'))
        p.ukc("configure", "--target", "posix")
        p.ukc("build")
        expect(is_dynamic(p, "squeeze"), "it is a shared object")
        r = p.ukc("explain", "libc")
        expect("'compress_zstd_host' imports 'libzstd' of the host" in r.out, "why, is explained", r)
        expect("came back identical" in p.ukc("run").out, "it works")


def posix_and_kvm(context):
    """Each target has its own parts of musl: both are pinned, and a target leaves the other's pin alone."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix")
        p.ukc("configure", "--target", "kvm")
        lock = p.read("ukc.lock").decode()
        pins = [line.split() for line in lock.splitlines() if line.startswith("pin ") and " musl " in line]
        expect(len(pins) == 2 and pins[0][5] != pins[1][5], "two pins of musl", lock)
        for target in ("posix", "kvm"):
            p.ukc("configure", "--target", target)
            expect(p.read("ukc.lock").decode() == lock, "nothing changes any more", p.read("ukc.lock").decode())
        for pin in pins:
            p.write("ukc.lock", lock.replace(pin[7], "0" * 64))
            ends = [p.ukc("configure", "--target", target, status=None).status for target in ("posix", "kvm")]
            expect(sorted(ends) == [0, 6], "a wrong pin is refused by the target that it is for, also after the other", ends)
            ends = [p.ukc("configure", "--target", target, status=None).status for target in ("kvm", "posix")]
            expect(sorted(ends) == [0, 6], "and before", ends)


def posix_check(context):
    """A check for posix gets nothing from elsewhere: the headers of the host do."""
    with Project(context) as p:
        p.environment["UKC_STORE"] = p.file("store")
        p.copy("examples/hello")
        r = p.run(need("unshare"), "-n", str(p.context.ukc), "check")
        expect("every interface fits" in r.out, "it is checked", r)
        r = p.ukc("configure", "--offline", status=3)
        expect("--profile dev" in r.err, "who has no network is told what does without", r)
        p.run("unshare", "-n", str(p.context.ukc), "configure", "--profile", "dev")
        p.ukc("build")


def tests(context):
    yield "posix", lambda: posix(context)
    yield "posix, relocated", lambda: posix_relocated(context)
    yield "posix, host library", lambda: posix_host_library(context)
    yield "posix and kvm", lambda: posix_and_kvm(context)
    yield "posix, check", lambda: posix_check(context)
    yield "missing", lambda: missing(context)
    yield "kept", lambda: kept(context)
    if context.long:  # each compiles the C library anew
        yield "shared", lambda: shared(context)
        yield "not kept", lambda: not_kept(context)
