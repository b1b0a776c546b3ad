"""Objects in the store's cache: compiled once for a user, to the same image and record; what is not the same any more is compiled."""

import os
import random
import shutil
import subprocess
import time

import harness

from lib.project import Project, expect, without_objects

SECONDS = 900

LIBRARY = 1 << 20  # bytes: larger than any object here


class Cached(Project):
    """A store with imports and the C library of its own, and no object."""

    def __init__(self, context, target="posix"):
        super().__init__(context)
        self.target = target
        made = self.place("made", store=False)
        self.build(made)  # so that the library is there, whatever ran before
        without_objects(context, self)

    def actions(self, *name):
        return self.file("store", "actions", *name)

    def place(self, name, store=True, **files):
        self.copy("examples/hello", name)
        for path, text in files.items():
            self.write(os.path.join(name, path.replace("__", "/").replace("_c", ".c").replace("_h", ".h")), text)
        return self.file(name)

    def build(self, where, *options, configure=(), **more):
        self.ukc("configure", "--target", self.target, *configure, directory=where, **more)
        return self.ukc("build", "--json", *options, directory=where, timeout=800, **more).json

    def again(self, where, *options, **more):
        shutil.rmtree(os.path.join(where, "build/posix/obj"))
        return self.build(where, *options, **more)


def made(where, target="posix"):
    """How many objects were taken, and how many compiled."""
    with open(os.path.join(where, "build", target, "audit.log")) as f:
        kinds = [line.split(" ", 1)[0] for line in f]
    return kinds.count("taken"), kinds.count("silent")


def seen(where):
    """What the audit's log says of each object: files of the project, and what is not there."""
    objects, at = {}, {}
    with open(os.path.join(where, "build/posix/audit.log")) as f:
        for kind, pid, what in (line.rstrip("\n").split(" ", 2) for line in f):
            if kind == "action":
                at[pid] = next((word for word in what.split() if word.endswith(".c.o")), None)
            elif kind in ("read", "absent") and at.get(pid) and not what.startswith("/") and not what.startswith(at[pid]):
                objects.setdefault(at[pid], set()).add((kind, what))
    return objects


def same(context):
    """In another directory nothing is compiled again; image, record and what the audit knows are the same."""
    with Cached(context) as p:
        one, two = p.place("one"), p.place("two")
        first = p.build(one)
        taken, compiled = made(one)
        expect(taken == 0 and compiled > 8, "nothing is there at first", taken, compiled)
        second = p.build(two)
        expect(made(two) == (compiled, 0), "all of it is taken", made(two))
        expect(first["sha256"] == second["sha256"] and first["record"] == second["record"], "the same image, and the same record", first, second)
        with open(os.path.join(one, "build/posix/audit.state")) as f, open(os.path.join(two, "build/posix/audit.state")) as g:
            absent = [sorted({line for line in file if line.startswith("absent")}) for file in (f, g)]
        expect(absent[0] and not set(absent[0]) - set(absent[1]), "what was looked for in vain is watched too")
        once, again = seen(one), seen(two)
        expect(len(once) == compiled and all(once[name] <= again.get(name, set()) for name in once), "the audit judges what the compiler read, whoever ran it", once, again)
        r = p.ukc("build", directory=two)
        expect("[" not in r.out, "there is nothing left to do", r)
        os.utime(os.path.join(two, "hello.c"))
        r = p.ukc("build", directory=two)
        expect(made(two) == (1, 0), "a file that was only touched is not compiled", made(two), r)

        actions = p.run("git", "-C", p.file("store", "objects"), "show", "refs/ukc/log:actions/hello").out
        expect("\nrun clang-19 " in actions and " compile " not in actions, "reproduce will run the compiler itself", actions)

        os.unlink(os.path.join(two, "build/posix/obj/hello/hello.c.o"))
        p.build(two, "--no-cache")
        expect(made(two) == (0, 1), "whoever wants it compiles", made(two))

        for entry in os.scandir(p.actions()):
            if entry.name != "lock" and entry.stat().st_size < LIBRARY:
                with open(entry.path, "r+b") as f:
                    f.seek(-1, os.SEEK_END)
                    byte = f.read(1)
                    f.seek(-1, os.SEEK_END)
                    f.write(bytes([byte[0] ^ 1]))
        third = p.again(two)
        expect(made(two)[0] == 0 and third["record"] == first["record"], "damaged entries are not taken", made(two), third)
        p.again(two)
        expect(made(two)[1] == 0, "but made anew", made(two))

        another = p.file("another ukc's", "bin", "ukc")
        os.makedirs(os.path.dirname(another))
        shutil.copy2(str(context.ukc), another)
        os.unlink(os.path.join(two, "build/posix/obj/hello/hello.c.o"))
        p.run(another, "-C", two, "build")
        expect(sum(made(two)) == 1, "a ukc that did not configure calls the one that did", made(two))
        os.makedirs(p.file("another ukc's", "share"))
        os.symlink(str(context.root), p.file("another ukc's", "share", "ukc"))
        r = p.run(another, "-C", two, "configure", "--target", "posix", status=3)
        expect(f"'{another}-compile' is not there" in r.err and "install the two together" in r.err, "half of ukc is told so", r)
        shutil.copy2(f"{context.ukc}-compile", another + "-compile")
        p.run(another, "-C", two, "configure", "--target", "posix")
        shutil.rmtree(os.path.join(two, "build/posix/obj"))
        p.run(another, "-C", two, "build", "--quiet")
        expect(made(two)[0] == compiled, "the whole of it works wherever it is", made(two))

        collected = p.ukc("store", "gc", "--json", directory=two).json
        expect(collected["results"] > compiled and sorted(set(os.listdir(p.actions())) - {"lock"}) == [], "gc lets them go", collected, os.listdir(p.actions()))


SHADOWED = """#include "console.h"
#include "errno.h"
#if __has_include("extra/word.h")
#include "extra/word.h"
#else
#define WORD "plain"
#endif
int hello_main(void)
{
    return console_write(WORD, sizeof WORD - 1) < 0;
}
"""


def appeared(context):
    """A header that comes in front of another, in a directory that was not there; a flag; a source that the compiler complains of."""
    with Cached(context) as p:
        one, two = p.place("one", hello_c=SHADOWED), p.place("two", hello_c=SHADOWED, extra__word_h='#define WORD "extra"\n')
        p.build(one)
        p.build(two)
        expect(made(two)[1] == 1, "the object was made without the header", made(two))
        expect(p.ukc("run", directory=two).out == "extra" and p.ukc("run", directory=one).out == "plain", "each has its own")
        shutil.rmtree(os.path.join(two, "extra"))
        p.again(two)
        expect(made(two)[1] == 0 and p.ukc("run", directory=two).out == "plain", "without it both are the same", made(two))
        p.write("two/errno.h", "#error in front\n")
        shutil.rmtree(os.path.join(two, "build/posix/obj"))
        r = p.ukc("build", directory=two, status=1)
        expect("in front" in r.out + r.err, "a header in front of another is found", r)
        os.remove(p.file("two/errno.h"))

        p.build(two, configure=("--set", "seal.layout=7"))
        p.build(two, configure=("--profile", "dev"))
        expect(made(two)[0] == 0, "with other flags another object is made", made(two))

        p.write("one/hello.c", SHADOWED.replace("    return", "    int unused;\n    return"))
        for _ in range(2):
            shutil.rmtree(os.path.join(one, "build/posix/obj"))
            r = p.ukc("build", directory=one)
            expect("unused variable" in r.out + r.err and made(one)[1] == 0, "what the compiler has to say is said each time", r, made(one))


def undeclared(context):
    """What reads a file that nothing declares is never kept: it is named each time, and in each directory."""
    with Cached(context) as p:
        secret = '__asm__(".pushsection .rodata\\n.incbin \\"secret.bin\\"\\n.popsection");\n'
        for where in (p.place("one"), p.place("two")):
            p.write(os.path.join(where, "hello.c"), p.read(where, "hello.c").decode() + secret)
            p.write(os.path.join(where, "secret.bin"), "secret")
            for _ in range(2):
                p.ukc("configure", "--target", "posix", directory=where)
                r = p.ukc("build", directory=where, status=1, timeout=800)
                expect("'secret.bin' is read, and declared nowhere" in r.err, "it is named", r)
        expect(made(where)[0] == 0, "nothing of it was kept", made(where))


def read_only(context):
    """A store that may only be read: what is there is taken, and what is not is compiled and not kept."""
    unshare = harness.need("unshare")
    if subprocess.run([unshare, "--mount", "true"], stderr=subprocess.DEVNULL).returncode:
        raise harness.Skip("there are no mount namespaces here")
    with Cached(context) as p:
        one = p.place("one")
        first = p.build(one)
        before = sorted(os.listdir(p.actions()))
        p.write("one/hello.c", p.read("one/hello.c").decode() + "const int hello_more = 1;\n")
        shutil.rmtree(os.path.join(one, "build/posix/obj"))
        shut = f"mount --bind '{p.actions()}' '{p.actions()}'; mount -o remount,ro,bind '{p.actions()}'; "
        p.run(unshare, "--mount", "sh", "-ec", f"{shut}! touch '{p.actions()}/x' 2>&-; exec '{context.ukc}' -C one build", timeout=800)
        taken, compiled = made(one)
        expect(taken > 8 and compiled == 1, "what is there is taken", taken, compiled)
        expect(sorted(os.listdir(p.actions())) == before, "nothing is kept", os.listdir(p.actions()))
        p.place("one")
        expect(p.again(one)["record"] == first["record"] and made(one)[1] == 0, "the same as before", made(one))


def at_once(context):
    """Two builds that make the same objects, and one that is killed: the entries are whole."""
    with Cached(context) as p:
        both = [p.place("one"), p.place("two")]
        for where in both:
            p.ukc("configure", "--target", "posix", directory=where)
        running = [p.start(str(context.ukc), "-C", where, "build") for where in both]
        for process in running:
            said = process.communicate(timeout=800)[0].decode(errors="replace")
            expect(process.returncode == 0, "two builds at once work", said)
        records = {p.ukc("build", "--json", directory=where).json["record"] for where in both}
        expect(len(records) == 1, "they make the same", records)
        entries = p.actions()
        os.rename(entries, entries + ".away")
        os.symlink("/proc/self/nothing", entries)
        p.again(both[1])
        expect(made(both[1])[0] == 0, "where nothing can be kept, everything is compiled", made(both[1]))
        os.unlink(entries)
        os.rename(entries + ".away", entries)
        for entry in os.scandir(p.actions()):
            if entry.stat().st_size < LIBRARY:
                os.unlink(entry.path)
        for _ in range(3):
            shutil.rmtree(os.path.join(both[0], "build/posix/obj"))
            process = p.start(str(context.ukc), "-C", both[0], "build")
            time.sleep(random.uniform(0.1, 1.5))
            process.kill()
            process.communicate()
        expect(p.again(both[1])["record"] in records and p.build(both[0])["record"] in records, "after kill -9 as well")


def machine(context):
    """An image for kvm, all of whose code goes through one link, of taken objects: that of compiled ones, and its record."""
    with Cached(context, "kvm") as p:
        one, two = p.place("one"), p.place("two")
        first, second = p.build(one), p.build(two)
        taken, compiled = made(one, "kvm")
        expect(taken == 0 and compiled > 20 and made(two, "kvm") == (compiled, 0), "compiled, then taken", taken, compiled, made(two, "kvm"))
        expect(first["sha256"] == second["sha256"] and first["record"] == second["record"], "the same image, and the same record", first, second)
        run = p.ukc("log", "--json").json
        expect(len(run) == 1 and run[0]["builds"] == 2, "one record of two builds", run)
        third = p.ukc("reproduce", first["record"], "--json", timeout=800)
        expect(third.json["identical"], "and what reproduce makes, which knows no cache", third)


def tests(context):
    yield "the same", lambda: same(context)
    if context.long:
        yield "kvm", lambda: machine(context)
    yield "appeared", lambda: appeared(context)
    yield "undeclared", lambda: undeclared(context)
    yield "read-only", lambda: read_only(context)
    if context.long:
        yield "at once", lambda: at_once(context)
