"""What goes wrong around a build: vanished files, full disks, interruptions, foreign lock files."""

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import time

import harness
from lib.project import Project, built_site, expect, fill


def site(p, *options, build=True):
    p.ukc("init", "site")
    p.enter("site")
    p.ukc("configure", "--target", "posix", *options)
    if build:
        p.ukc("build")


def no_leftovers(p):
    """Nothing half-written: no temporary file, no empty image."""
    for d, _, files in os.walk(p.path):
        for f in files:
            path = os.path.join(d, f)
            expect(".tmp" not in f and ".new." not in f, "no temporary file is left", path)
            expect(not (f == "site" and os.path.getsize(path) == 0), "no empty image is left", path)


def compilers_leave(p):
    """What clang, lld and ukc, killed in the wrong moment, leave aside."""
    p.write("build/posix/obj/site/site-0123abcd.o.tmp", b"half an object")
    p.write("build/posix/obj/site/site.bc.tmp0123abc", b"half a module")
    p.write("build/posix/site.tmp0123abc", b"half an image")
    for directory in ("build/posix", "build/posix/obj", "build/posix/gen/site"):
        p.write(f"{directory}/.ukc-99999.tmp", b"half a file")


def source_vanishes(context):
    with Project(context) as p:
        site(p, build=False)
        os.rename(p.file("site.c"), p.file("gone"))
        r = p.ukc("build", status=None)
        expect(r.status in (1, 3) and "site.c" in r.out + r.err, "a vanished source is named", r)
        os.rename(p.file("gone"), p.file("site.c"))
        p.ukc("build")


def page_vanishes(context):
    with Project(context) as p:
        site(p, build=False)
        shutil.rmtree(p.file("htdocs"))
        r = p.ukc("build", status=None)
        expect(r.status in (1, 3) and "htdocs" in r.out + r.err, "a vanished folder is named", r)
        p.write("htdocs/index.html", "back")
        p.ukc("build")


def compile_error(context):
    with Project(context) as p:
        built_site(context, p)
        before = p.read("build/posix/site")
        source = p.read("site.c").decode()
        p.write("site.c", source + "\nint broken(void) { return undeclared_thing; }\n")
        r = p.ukc("build", status=1)
        text = r.out + r.err
        expect("site.c:" in text and "undeclared_thing" in text, "the compiler's own message comes through", r)
        expect("ukc.lua" in text, "with the manifest's reason for the file", r)
        expect(p.read("build/posix/site") == before, "the old image is untouched")
        p.write("site.c", source)
        p.ukc("build")


def own_sources_first(context):
    """A mistake in the file that was just edited shows before anything else is compiled: the unikernel's, then a library's of the project."""
    def fails(p, file, before):
        source = p.read(file)
        p.write(file, source + b"\nmistake\n")
        shutil.rmtree(p.file("build/posix/obj"), ignore_errors=True)
        r = p.ukc("build", "--target", "posix", "-j", "1", status=1)
        made = sorted(f for d, _, fs in os.walk(p.file("build/posix/obj")) for f in fs if f.endswith(".c.o"))
        expect(f"{file}:" in r.out + r.err and made == before, f"the mistake in {file} shows first", r, made)
        p.write(file, source)

    with Project(context) as p:
        p.copy("examples/outside")
        p.ukc("configure", "--target", "posix")
        fails(p, "outside.c", [])
        fails(p, "lib/caesar/caesar.c", ["outside.c.o"])
        p.ukc("build", "--target", "posix")


def interface_error(context):
    with Project(context) as p:
        built_site(context, p)
        source = p.read("site.c").decode()
        p.write("site.c", source.replace("_main(void)", "_main(int x)"))
        r = p.ukc("build", status=1)
        expect("site.c" in r.out + r.err, "a main function of the wrong type is an error with a place", r)


def newer_lock(context):
    with Project(context) as p:
        site(p, build=False)
        p.write("ukc.lock", b"ukc-lock 99\n")
        r = p.ukc("configure", status=1)
        expect("ukc.lock:1" in r.err and "newer" in r.err, "a lock from a newer version is refused with its place", r)
        expect(p.read("ukc.lock") == b"ukc-lock 99\n", "and left alone")
        p.write("ukc.lock", b"ukc-lock 1\n<<<<<<< HEAD\n")
        r = p.ukc("configure", "--update", status=1)
        expect("ukc.lock:2:1" in r.err and "without the file" in r.err, "a damaged one is refused", r)
        os.remove(p.file("ukc.lock"))
        p.ukc("configure")


def damaged_state(context):
    """Files that ukc wrote itself, damaged: a diagnostic or a repair, never a crash."""
    with Project(context) as p:
        built_site(context, p)
        for name in ("build/last", "build/posix/configure.args", "build/posix/image.state", "build/posix/image.name"):
            kept = p.read(name)
            for damage in (b"", b"\0\xff\n\n\x80", b"x" * 5000):
                p.write(name, damage)
                r = p.ukc("build", status=None)
                expect(r.status in (0, 1, 2, 3), f"{name} damaged: no crash", r)
            p.write(name, kept)
            p.ukc("build")
        for name, before, after, said in (("build/posix/configure.args", b"\n--target", b"\n,-target", "unknown word ',-target=posix'"),
                                          ("build/posix/configure.args", b"--target=posix", b"--target=posiy", "no such target"),
                                          ("ukc.lua", b"unikernel", b"unikernul", "unikernul")):
            kept, then = p.read(name), os.stat(p.file(name)).st_mtime_ns
            expect(before in kept, "there is something to damage", kept)
            for text, status in ((kept.replace(before, after, 1), 1), (None, 1), (kept, 0)):
                if text is not None:
                    p.write("aside", text)
                    os.utime(p.file("aside"), ns=(then, then))
                    os.replace(p.file("aside"), p.file(name))
                r = p.ukc("build", status=status)
                expect(status == 0 or (said in r.err and "(null)" not in r.err), f"{name} is another with the same time: it is seen until it is mended", r)


def damaged_build(context):
    """Files of the build itself: it says what writes them anew, and that does."""
    with Project(context) as p:
        built_site(context, p)
        lists = [os.path.join(d, f) for d, _, fs in os.walk(p.file("build/posix")) for f in fs if f.endswith(".list") and "embed" in open(os.path.join(d, f)).read(9)]
        expect(lists, "there is a list of what is embedded")
        for path, words in ((p.file("build/posix/build.ninja"), "'ukc configure' writes build/posix anew"), (lists[0], "a line 'ukc-embed ...' is expected here")):
            kept = p.read(path)
            p.write(path, b"\nnonsense\n" + kept[: len(kept) // 2])
            r = p.ukc("build", status=None)
            expect(r.status in (1, 3) and words in r.out + r.err, "a damaged file is named", path, r)
            r = p.ukc("configure", "--target", "posix")
            r = p.ukc("build")


def image_replaced(context):
    """What stands where the image was is not taken for it, nor recorded."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix")
        made = p.ukc("build", "--json").json
        for bytes in (b"", b"#!/bin/sh\necho something else\n", p.read("build/posix/hello")[:5000]):
            os.remove(p.file("build/posix/hello"))
            p.write("build/posix/hello", bytes)
            again = p.ukc("build", "--json").json
            expect(again["sha256"] == made["sha256"] and again["record"] == made["record"], "the image is made again", again, made)
            expect(p.run("build/posix/hello").out != "something else\n", "and works")
        expect("LINK" not in p.ukc("build").out, "once")


def pipes_in_build(context):
    """Where ninja would wait for ever, ukc says what is in the way."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix")
        for name in ("build.ninja", ".ninja_log", ".ninja_deps"):
            if os.path.exists(p.file("build/posix", name)):
                os.remove(p.file("build/posix", name))
            os.mkfifo(p.file("build/posix", name))
            r = p.ukc("build", status=3, timeout=60)
            expect(f"'build/posix/{name}' is not a regular file" in r.err and "ukc clean" in r.err, "it is named", r)
            os.remove(p.file("build/posix", name))
            p.ukc("configure", "--target", "posix")


def damaged_notes(context):
    """A dependency that ninja has noted wrongly crashes it: said, and what to do."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        p.ukc("build")
        notes = [p.file("build/posix", name) for name in (".ninja_deps", ".ninja_log")]
        with open(notes[0], "ab") as f:
            f.write(struct.pack("<IiQi", 1 << 31 | 16, 0, 1, 1 << 30))  # the first output needs a file whose number no file has
        r = p.ukc("build", status=3)
        expect("error: ninja crashed: " in r.err and "remove 'build/posix/.ninja_deps' and 'build/posix/.ninja_log'" in r.err, "the remedy", r)
        for name in notes:
            os.remove(name)
        p.ukc("build")


def pipe_as_header(context):
    """A compiler that opens it would wait for ever."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        os.mkfifo(p.file("own.h"))
        p.write("hello.c", b'#include "own.h"\n' + p.read("hello.c"))
        r = p.ukc("build", status=1, timeout=60)
        expect("hello.c:1:11: error: 'own.h' is a named pipe" in r.err and "put a file in its place" in r.err, "said, with its place", r)
        os.remove(p.file("own.h"))
        p.write("own.h", "")
        p.ukc("build")


def many_things(context):
    """Much of something is no reason to take long, nor to say much."""
    with Project(context) as p:
        p.write("x.c", "int u1_main(void) { return 0; }\n")
        p.write("ukc.lua", 'local s = {}\nfor i = 1, 50000 do s[i] = "f" .. i .. ".c" end\nreturn unikernel "x" { sources = s }\n')
        r = p.ukc("check", status=1)
        expect("processor time" not in r.err and "source 'f1.c' does not exist" in r.err, "50,000 sources are read, and not found", r)
        p.write("ukc.lua", 'local s = {}\nfor i = 1, 5000 do s[i] = unikernel("u" .. i) { sources = { "x.c" } } end\nreturn s\n')
        r = p.ukc("check", status=2)
        expect("and 4988 more" in r.err and len(r.err) < 1000, "unikernels are not all listed", r)
        p.ukc("check", "u4999")


def interrupted_build(context):
    with Project(context) as p:
        site(p, build=False)
        done = False
        for delay in (0.05, 0.2, 0.5, 1.0):
            process = p.start(str(context.ukc), "build")
            time.sleep(delay)
            if process.poll() is None:
                compilers_leave(p)
                os.killpg(process.pid, signal.SIGINT)
                status = process.wait(30)
                expect(status in (130, 2, 1, -2, 0), "SIGINT ends the build", status)
                if status == 130:  # else it ended before ninja began, or after
                    no_leftovers(p)
                    done = True
            process.stdout.close()
        expect(done, "at least one build was interrupted with status 130")
        compilers_leave(p)  # as after a build that was killed itself
        p.ukc("build")
        no_leftovers(p)


def killed_build(context):
    """What a killed ukc had started ends with it: it holds the project's lock until then, and not for long."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        source = p.read("hello.c")
        p.write("endless.h", "#if __INCLUDE_LEVEL__ < 150\n#include \"endless.h\"\n#include \"endless.h\"\n#endif\n")
        p.write("hello.c", b'#include "endless.h"\n' + source)
        process = p.start(str(context.ukc), "build")
        end, waiting = time.monotonic() + 60, []
        while not waiting or waiting != compilers(p):
            expect(time.monotonic() < end, "the compiler is at work", process.poll())
            waiting = compilers(p)
            time.sleep(1)
        process.kill()  # ukc alone: ninja and the compiler are other processes
        process.wait()
        process.stdout.close()
        p.write("hello.c", source)
        r = p.ukc("build", timeout=60)
        expect(p.run("build/posix/hello").out == "Hello, world.\n", "the next build is not kept waiting, and works", r)
        expect(not compilers(p), "nothing of the first goes on")


def compilers(p):
    """Those that work in this project."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(p.path) and b"hello.c" in f.read():
                    found.append(pid)
        except OSError:
            pass  # it has ended
    return found


def killed_configure(context):
    with Project(context) as p:
        built_site(context, p)
        p.write("ukc.lua", p.read("ukc.lua") + b"\n-- changed\n")
        for k in range(1, 12):
            process = p.start(str(context.ukc), "configure")
            time.sleep(0.004 * k)
            process.kill()
            process.wait()
            process.stdout.close()
            p.ukc("plan")
        p.ukc("configure")
        p.ukc("build")


def killed_asking(context):
    """What a killed ukc had asked does not hold the project's lock: nothing of it is written there."""
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "odd" { sources = { "odd.c" }, requires = { console = sig.console }, imports = { pkgconfig "zlib" } }\n')
        p.write("odd.c", "int odd_main(void) { return 0; }\n")
        os.makedirs(p.file("bin"))
        p.write("bin/pkg-config", "#!/bin/sh\necho $$ > asked.new\nmv asked.new asked\nexec sleep 60\n")
        os.chmod(p.file("bin/pkg-config"), 0o755)
        p.environment["PATH"] = p.file("bin") + ":" + p.environment["PATH"]
        process = p.start(str(context.ukc), "configure", "--target", "posix")
        end = time.monotonic() + 60
        while not os.path.exists(p.file("asked")):
            expect(time.monotonic() < end and process.poll() is None, "pkg-config is asked", process.poll())
            time.sleep(0.02)
        with open(p.file("build/lock"), "rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                expect(False, "ukc holds the lock while it asks")
            except BlockingIOError:
                process.kill()
                process.wait()
            asked = int(p.read("asked"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.kill(asked, 0)  # it is still there
            except BlockingIOError:
                expect(False, "pkg-config does not hold it")
            finally:
                os.kill(asked, signal.SIGKILL)
        process.stdout.close()


def lock_is_a_link(context):
    """ukc.lock leads to a file that several projects share, or that is not there yet: it is written through the link."""
    with Project(context) as p:
        p.copy("examples/hello")
        os.makedirs(p.file("shared"))
        os.symlink("shared/hello.lock", p.file("ukc.lock"))
        p.ukc("configure", "--target", "posix")
        expect(os.path.islink(p.file("ukc.lock")), "the link stays")
        first = p.read("shared/hello.lock")
        expect(first.startswith(b"ukc-lock 1\n"), "the lock is where it leads", first)
        p.write("shared/hello.lock", b"ukc-lock 1\n")
        p.ukc("configure", "--target", "posix")
        expect(os.path.islink(p.file("ukc.lock")) and p.read("shared/hello.lock") == first, "and when it changes")
        expect(sorted(os.listdir(p.file("shared"))) == ["hello.lock"], "nothing else is left there")
        os.unlink(p.file("ukc.lock"))
        os.symlink("nowhere/hello.lock", p.file("ukc.lock"))
        r = p.ukc("configure", "--target", "posix", status=3)
        expect("'ukc.lock' leads to 'nowhere/hello.lock'" in r.err and "help: " in r.err, "a link into no directory is told", r)


def assembly(context):
    """Assembly that is wrong is found by the linker alone in a release build: where it stands is said as in any other."""
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "odd" { sources = { "odd.c", "more.c" }, requires = { console = sig.console } }\n')
        p.write("odd.c", '#include "console.h"\nvoid more(void);\nint odd_main(void)\n{\n    more();\n    __asm__ volatile("nop");\n    return console_write("", 0);\n}\n')
        p.write("more.c", 'void more(void);\nvoid more(void)\n{\n    __asm__ volatile("frobnicate %eax");\n}\n')
        p.ukc("configure", "--target", "posix")
        r = p.ukc("build", status=1)
        expect("more.c:4:22: error: invalid instruction mnemonic 'frobnicate'" in r.err and r.err.count("error:") == 1, "the place", r)
        r = p.ukc("build", "--json", status=1)
        expect("invalid instruction" in r.out and "more.c" in r.out, "in --json as well", r)


def full_disk(context):
    if os.getuid() != 0:
        raise harness.Skip("needs root to mount a small tmpfs")
    with Project(context) as p:
        small = p.file("small")
        os.makedirs(small)
        p.run("mount", "-t", "tmpfs", "-o", "size=256k", "none", small)
        try:
            p.ukc("init", "site", directory=small)
            fill(os.path.join(small, "filler"))
            place = os.path.join(small, "site")
            r = p.ukc("configure", directory=place, status=3)
            expect("space" in r.err.lower(), "a full disk is named", r)
            lock = os.path.join(place, "ukc.lock")
            expect(not os.path.exists(lock) or os.path.getsize(lock) > 0, "no empty lock file")
            os.remove(os.path.join(small, "filler"))
            p.run("mount", "-o", "remount,size=64m", small)
            p.ukc("configure", directory=place)
            p.ukc("build", directory=place)
        finally:
            subprocess.run(["umount", small], check=False)


def read_only_directory(context):
    if os.getuid() != 0:
        raise harness.Skip("needs root to mount a directory read-only")
    with Project(context) as p:
        p.ukc("init", "site")
        place = p.file("site")
        p.run("mount", "--bind", place, place)
        try:
            p.run("mount", "-o", "remount,ro,bind", place)
            r = p.ukc("configure", directory=place, status=3)
            expect("read-only" in r.err.lower(), "a read-only directory is named", r)
        finally:
            subprocess.run(["umount", place], check=False)
        p.ukc("configure", directory=place)


def store_out_of_reach(context):
    """The record is lost, not the image: it says so, and the next build records."""
    with Project(context) as p:
        site(p, "--profile", "dev", build=False)  # without a store the C library would be compiled, too
        r = p.ukc("build", environment={"UKC_STORE": "/dev/null/store"}, status=None)
        expect(r.status == 3 and "/dev/null" in r.err, "an unusable store is status 3 and named", r)
        expect(os.path.exists(p.file("build/posix/site")), "the image is there")
        built = p.ukc("build", "--json").json
        expect(built["record"], "the next build records it", built)


def hostile_manifests(context):
    with Project(context) as p:
        cases = {
            "loop": ("while true do end", "ukc.lua"),
            "memory": ("local s = 'x' for i = 1, 40 do s = s .. s end", "memory"),
            "syntax": ("return unikernel 'x' {", "ukc.lua:1"),
            "os": ("os.execute('true')", "os"),
            "bomb": ("string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40))", "ukc.lua"),
            "cycle": ("local t = {} t.t = t return t", "ukc.lua"),
            "nothing": ("", "unikernel"),
        }
        for name, (text, hint) in cases.items():
            p.write("ukc.lua", text)
            r = p.ukc("configure", status=1, timeout=60)
            expect(hint in r.err and "error:" in r.err, f"{name}: a diagnostic with a place", r)
            expect(not os.path.exists(p.file("build/posix/build.ninja")), f"{name}: nothing is written")


def several_at_once(context):
    """Builds and configures in one project wait for each other, and all end well with the same image."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix")
        words = [["build"], ["configure", "--target", "posix"], ["build"], ["build"], ["check"]]
        running = [p.start(str(context.ukc), *w) for w in words]
        for w, process in zip(words, running):
            out = process.communicate(timeout=200)[0].decode(errors="replace")
            expect(process.returncode == 0, f"ukc {w[0]} ends well beside others", out)
        expect(p.run("build/posix/hello").out == p.ukc("run").out, "and the image works")


def hidden_inputs(context):
    """Variables that change what compilers read do not reach the interface check, nor its cache."""
    with Project(context) as p:
        p.copy("examples/outside")
        header = next(f for f in ("lib/caesar/caesar.h", "lib/cipher.h") if os.path.exists(p.file(f)))
        p.write("elsewhere/outer.h", "#define OUTER 1\n")
        p.write(header, "#include <outer.h>\n" + p.read(header).decode())
        r = p.ukc("configure", environment={"CPATH": p.file("elsewhere"), "C_INCLUDE_PATH": p.file("elsewhere")}, status=1)
        expect("outer.h" in r.err, "a header that only CPATH has is not found", r)


def header_appears(context):
    """A header beside a source that would be read instead of a generated one is noticed by the next build."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure")
        p.ukc("build")
        p.write("console.h", "#error not this one\n")
        r = p.ukc("build", status=1)
        expect("console.h" in r.err and "hides" in r.err, "the build says what is hidden", r)
        os.remove(p.file("console.h"))
        p.ukc("build")


def one_becomes_several(context):
    with Project(context) as p:
        p.copy("examples/hello")
        p.ukc("configure", "--profile", "dev")
        p.ukc("build")
        one = p.read("ukc.lua").decode()
        p.write("ukc.lua", one.rstrip() + ', unikernel "other" { sources = { "hello.c" } }\n')
        p.ukc("configure", "hello", "--profile", "dev")
        p.ukc("build")
        p.write("ukc.lua", one)
        p.ukc("configure", "--profile", "dev")
        p.ukc("build")


def renamed_unikernel(context):
    """The name that the last configure remembers may be none of the manifest's any more."""
    with Project(context) as p:
        p.write("x.c", "int a_main(void) { return 0; }\nint b_main(void) { return 0; }\n")
        def declare(*names):
            p.write("ukc.lua", "return " + ", ".join(f'unikernel "{n}" {{ sources = {{ "x.c" }} }}' for n in names) + "\n")
        declare("a", "b")
        p.ukc("configure", "a", "--target", "posix", "--profile", "dev")
        declare("c", "b")
        r = p.ukc("configure", "--profile", "dev", status=2)
        expect("'a' was configured last, and the manifest declares it no longer" in r.err and "there are: b, c" in r.err, "several: which is asked", r)
        declare("b")
        r = p.ukc("configure", "--profile", "dev")
        expect(r.out.startswith("b for posix (dev)"), "one: that is meant", r)
        p.ukc("build")
        r = p.ukc("plan", "nobody", status=2)
        expect("no unikernel 'nobody'" in r.err, "one that the user names is another matter", r)


def in_the_way(context):
    """What stands where ukc builds is named, with what to do; and a ninja that cannot be started is told once."""
    with Project(context) as p:
        p.copy("examples/hello")
        p.write("build", "a file")
        r = p.ukc("configure", "--target", "posix", status=3)
        expect("cannot make directory 'build': something else is there" in r.err and "move it away" in r.err, "a file", r)
        os.remove(p.file("build"))
        os.makedirs(p.file("build/lock"))
        r = p.ukc("configure", "--target", "posix", status=3)
        expect("'build/lock'" in r.err and "remove what is there" in r.err, "a directory for the lock", r)
        os.rmdir(p.file("build/lock"))
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        r = p.ukc("build", environment={"NINJA": "/nowhere/ninja"}, status=3)
        expect("cannot run '/nowhere/ninja'" in r.err and r.err.count("error:") == 1, "no word of a ninja that has spoken", r)
        source = p.read("hello.c")
        p.write("a;b.h", "")
        p.write("hello.c", b'#include "a;b.h"\n' + source)
        r = p.ukc("build", status=3)
        expect("cannot read 'a'" in r.err and "rename it" in r.err, "a header whose name Ninja cannot read", r)
        p.write("hello.c", source)
        p.write("file.lua", "")
        p.write("ukc.lua", b'use "file.lua"\n' + p.read("ukc.lua"))
        r = p.ukc("check", status=1)
        expect("'file.lua' is not a directory" in r.err and "did you mean" not in r.err, "nor is a file taken for a misspelt directory", r)


def link_errors_are_explained(context):
    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "odd" { sources = { "odd.c" }, requires = { console = sig.console } }\n')
        p.write("odd.c", '#include "console.h"\n#include "task.h"\nint odd_main(void) { return task_sleep(0) + console_write("", 0); }\n')
        p.ukc("configure")
        r = p.ukc("build", status=1)
        expect("requires = { task = sig.task }" in r.err or "task_sleep" in r.err and "sig.task" in r.err,
               "an operation of a signature that is not required is explained", r)
        p.write("odd.c", '#include "console.h"\nint other(void) { return console_write("", 0); }\n')
        r = p.ukc("build", status=1)
        expect("int odd_main(void)" in r.err, "a missing main function is explained", r)
        expect(r.err.startswith("ukc.lua:1:18: error: 'odd' must define"), "at the unikernel", r)
        p.write("odd.c", '#include "console.h"\n/* main() is: */\nint main(void) { return console_write("", 0); }\n')
        r = p.ukc("build", status=1)
        expect(r.err.startswith("odd.c:3:5: error: 'odd' must define int odd_main(void)") and "rename it to odd_main" in r.err,
               "a main as programs have it is pointed at", r)
        expect("use -v" not in r.out, "the compiler's word on its linker says nothing", r)


def undefined_symbols(context):
    """What no part of the image defines: who uses it, wherever the compiler moved that to, and what would."""
    def fails(p, source, *words, absent=()):
        p.write("odd.c", '#include "console.h"\n' + source)
        r = p.ukc("build", status=1)
        expect(all(w in r.err for w in words) and not any(w in r.err for w in absent), "the undefined symbol is explained", words, r)

    with Project(context) as p:
        p.write("ukc.lua", 'return unikernel "odd" { sources = { "odd.c" }, requires = { console = sig.console } }\n')
        p.write("odd.c", "")
        p.ukc("configure", "--target", "posix")
        main = "int odd_main(void) {\n    int n = console_write(\"\", 0);\n%s\n}\n"
        fails(p, "int random_r(int);\n" + main % "    if (n > 3)\n        return random_r(n) + 4;\n    return random_r(n) + 2;",
              "odd.c:6:16: error: 'odd' calls random_r, which is in none of the image's sources", "the host's C library has it: say host_libc = true", absent=["sig.random"])
        fails(p, "int nowhere(int);\nstatic int (*volatile table[])(int) = {nowhere};\n" + main % "    return table[0](n);",
              "odd.c:3:40: error: the image calls nowhere", "pkgconfig \"MODULE\"", absent=["host_libc"])
        fails(p, "int task_sleep(long);\nstatic int nap(void) { return task_sleep(3); }\n" + main % "    return nap() + n;",
              "odd.c:3:31: error: 'odd' calls task_sleep, and does not require sig.task", "requires = { task = sig.task }")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("sources", "host_libc = true, sources"))
        p.ukc("configure", "--target", "posix")
        fails(p, "int nowhere(int);\n" + main % "    return nowhere(n);",
              "odd.c:5:12: error: 'odd' calls nowhere, which is in none of the image's sources and not in the host's C library", absent=["musl", "of posix"])


def missing_definition(context):
    """What a header declares and no source defines is shown in the header."""
    with Project(context) as p:
        p.copy("examples/outside")
        p.ukc("configure")
        source = p.read("lib/caesar/caesar.c").decode()
        expect("caesar_hide(" in source, "the function is there", source)
        p.write("lib/caesar/caesar.c", source.replace("caesar_hide(", "caesar_hid("))
        p.write("lib/caesar/caesar.h", '/* "caesar_hide(" */\n'.encode() + p.read("lib/caesar/caesar.h"))
        lines = p.read("lib/caesar/caesar.h").decode().splitlines()
        line = next(n for n, text in enumerate(lines, 1) if text.startswith("void caesar_hide("))
        r = p.ukc("build", status=1)
        expect(r.err.startswith(f"lib/caesar/caesar.h:{line}:6: error: caesar_hide is declared"), "the declaration is pointed at", r)


def manifest_is_a_link(context):
    """A project is where its ukc.lua is, also when that is a link; one that leads to no regular file is an error at once."""
    with Project(context) as p:
        p.copy("examples/hello", "project")
        os.makedirs(p.file("elsewhere"))
        os.rename(p.file("project/ukc.lua"), p.file("elsewhere/real.lua"))
        p.write("elsewhere/real.lua", b'require "beside"\n' + p.read("elsewhere/real.lua"))
        p.write("elsewhere/beside.lua", "error('beside the file, not beside the link')")
        p.write("project/beside.lua", "return 1")
        p.write("ukc.lua", "error('of the directory above')")
        p.enter("project")
        os.symlink("../elsewhere/real.lua", p.file("ukc.lua"))
        p.ukc("configure", "--target", "posix")
        p.ukc("build")
        expect(os.path.exists(p.file("build/posix/hello")), "the link's directory is the project's")
        expect(sorted(os.listdir(p.file("../elsewhere"))) == ["beside.lua", "real.lua"], "and nothing is written elsewhere")
        p.write("../elsewhere/real.lua", b"-- changed\n" + p.read("../elsewhere/real.lua"))
        r = p.ukc("build")
        expect("CONFIGURE" in r.out, "what it leads to is an input", r)
        os.mkfifo(p.file("../elsewhere/pipe"))
        for leads, words in (("missing", "link"), ("ukc.lua", "link"), ("/dev/zero", "regular"), ("../elsewhere", "regular"),
                             ("../elsewhere/pipe", "regular")):
            os.remove(p.file("ukc.lua"))
            os.symlink(leads, p.file("ukc.lua"))
            r = p.ukc("check", status=1, timeout=20)
            expect("ukc.lua" in r.err and words in r.err and "above" not in r.err, f"a link to {leads} is an error", r)


def endless_headers(context):
    """A file without an end that only an #include reaches: the check gives up, says so, and leaves the project usable."""
    with Project(context) as p:
        p.copy("examples/outside")
        header = next(f for f in ("lib/caesar/caesar.h", "lib/cipher.h") if os.path.exists(p.file(f)))
        kept = p.read(header)
        os.mkfifo(p.file("pipe"))
        for endless in (p.file("pipe"), "/dev/zero"):
            p.write(header, f'#include "{endless}"\n'.encode() + kept)
            started = time.monotonic()
            r = p.ukc("configure", status=1, timeout=100)
            expect(os.path.basename(header) in r.err and "FIFO" in r.err, "the header is named, with a likely reason", r)
            expect(r.err.count("error:") == 1 and r.err.count("note:") == 1, "once", r)
            expect(time.monotonic() - started < 30, "within half a minute", time.monotonic() - started)
        p.write(header, kept)
        p.ukc("configure")


TESTS = [endless_headers, manifest_is_a_link, several_at_once, hidden_inputs, header_appears, one_becomes_several, renamed_unikernel, in_the_way, link_errors_are_explained, undefined_symbols, missing_definition, source_vanishes, page_vanishes, compile_error, own_sources_first, interface_error, newer_lock, damaged_state, damaged_build, image_replaced, pipes_in_build, damaged_notes, pipe_as_header, many_things, interrupted_build, killed_build, killed_configure, killed_asking, lock_is_a_link, assembly,
         full_disk, read_only_directory, store_out_of_reach, hostile_manifests]


def tests(context):
    for test in TESTS:
        yield test.__name__, lambda test=test: test(context)
