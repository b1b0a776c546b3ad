"""Hidden inputs, planted one after the other: each is caught and named, or shown to be without effect; strace has the same opinion."""

import hashlib
import os
import re
import shutil
import subprocess
import sys

import harness

from lib.project import Project, expect, without_objects
from suites.provenance import Recorded, check_identical

SECONDS = 900


class Planted(Recorded):
    """hello, built once; a plant changes its sources, and they are put back after it."""

    def __init__(self, context, *arguments):
        super().__init__(context, *arguments)
        self.caught, self.harmless = [], []
        self.source = self.read("hello.c").decode()
        self.manifest = self.read("ukc.lua").decode()

    def catch(self, name, *said, c="", files=None, manifest=None, command="build", environment=None):
        """The plant makes the command fail, and all of `said` is in its message; what it said."""
        self.plant(c, files, manifest)
        r = self.ukc(command, status=1, environment=environment, timeout=600)
        for words in said:
            expect(words in r.out + r.err, f"{name}: '{words}' is named", r)
        if command == "build":
            expect(not os.path.exists(self.file(*self.built["image"].split("/")[-3:])), f"{name}: no image is left", r)
            again = self.ukc("build", status=1, environment=environment, timeout=600)
            expect(said[0] in again.out + again.err, f"{name}: the next build says it again", again)
        self.caught.append(name)
        self.plant("", None, None)
        return r

    def plant(self, c, files, manifest):
        for path, text in (files or {}).items():
            self.write(path, text)
        self.write("hello.c", self.source + c)
        if manifest or self.read("ukc.lua").decode() != self.manifest:
            self.write("ukc.lua", manifest or self.manifest)

    def same(self, name, environment=None):
        """Without effect: the image is what it was."""
        self.ukc("build", environment=environment)
        built = self.ukc("build", "--json", environment=environment).json
        expect(built["sha256"] == self.built["sha256"], f"{name}: the same image", built, self.built)
        self.harmless.append(name)


def incbin(path):
    return f'__asm__(".pushsection .rodata\\n.incbin \\"{path}\\"\\n.popsection");\n'


def read_by_compilers(p):
    p.catch(".incbin of a file of the project", "hello.c:9:", "'secret.bin' is read, and declared nowhere", "'clang-19' reads it", "#embed",
            c=incbin("secret.bin"), files={"secret.bin": "secret"})
    outside = os.path.join(p.top, "outside.h")
    with open(outside, "w") as f:
        f.write("/* outside */\n")
    p.catch(".incbin of a file elsewhere", f"'{outside}' is read, and declared nowhere", "copy it into the project", c=incbin(outside))
    p.catch("an absolute #include", f"'{outside}' is read, and declared nowhere", "outside the project", c=f'#include "{outside}"\n')
    p.catch("a header above the project", f"'{outside}' is read, and declared nowhere", "outside the project", c='#include "../outside.h"\n')
    p.catch("/proc/cpuinfo", "'/proc/cpuinfo' is read, and declared nowhere", c=incbin("/proc/cpuinfo"))
    p.catch("__has_include, then #embed, of a file elsewhere", f"'{outside}' is read, and declared nowhere",
            c=f'#if __has_include("{outside}")\nstatic const char more[] = {{\n#embed "{outside}"\n}};\nconst char *hello_more(void);\nconst char *hello_more(void)\n{{\n    return more;\n}}\n#endif\n')
    p.catch("time macros", "date-time", c="const char *hello_time(void);\nconst char *hello_time(void)\n{\n    return __TIME__;\n}\n")


def declared_by_compilers(p):
    """#embed is in the compiler's list of dependencies: recorded, and a change of the file is seen."""
    p.plant('const char hello_more[] = {\n#embed "declared.bin"\n};\n', {"declared.bin": "one"}, None)
    first = p.ukc("build", "--json").json
    shown = p.ukc("show", first["record"], "--json").json
    expect(any(i["path"] == "declared.bin" for i in shown["inputs"]), "#embed: the record has the file", shown["inputs"])
    expect(not any(i["path"].endswith("declared.bin") for i in shown["host"]), "and not as one of the host's", shown["host"])
    expect(shown["audit"] == "complete", "the run says that all was watched", shown)
    p.write("declared.bin", "two")
    expect("CC hello/hello.c" in p.ukc("build").out, "#embed: a change is seen")
    check_identical(p, first["record"], first)
    p.harmless.append("#embed")
    p.plant("", None, None)


def appearing_files(p):
    """What a compiler looked for in vain, and what would be found in front of another, is watched."""
    p.plant('#if __has_include("later.h")\n#include "later.h"\n#endif\n#include "shadow.h"\n', {"shadow.h": "\n"}, None)
    p.ukc("build")
    p.write("later.h", "const int hello_later = 1;\n")
    r = p.ukc("build")
    expect("'later.h' is there now" in r.out and "CC hello/hello.c" in r.out, "__has_include of a file that appears later", r)
    p.caught.append("__has_include of a file that appears later")
    p.plant("#include <stdarg.h>\n", None, None)
    os.remove(p.file("later.h"))
    p.ukc("build")
    absent = sorted(set(re.findall(r"^absent (.*/stdarg.h)$", p.read("build", "posix", "audit.state").decode(), re.M)))
    expect(absent, "the places in front of a header are known")
    p.caught.append("a header in front of another")
    p.plant("", None, None)
    os.remove(p.file("shadow.h"))


def hidden_in_manifests(p):
    for name, text, said in (("os.time in a manifest", "local x = os.time()\n", "os"), ("os.getenv in a manifest", 'local x = os.getenv("HOME")\n', "os"),
                             ("a program run by a manifest", 'local x = io.popen("date")\n', "io")):
        p.catch(name, "ukc.lua:1", said, manifest=text + p.manifest, command="configure")
    p.catch("-march=native", "march=native", manifest=p.manifest.replace('sources  =', 'flags = { "-march=native" }, sources ='), command="configure")


def hidden_in_the_environment(p):
    """Variables, configuration files of clang, the place, the order of files, a file's attributes in git: nothing changes."""
    home = os.path.join(p.top, "home")
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(home, "clang.cfg"), "w") as f:
        f.write("-DEVIL=1\n-include /nonexistent.h\n")
    strange = {"CPATH": "/nowhere", "C_INCLUDE_PATH": "/nowhere", "LIBRARY_PATH": "/nowhere", "COMPILER_PATH": "/nowhere",
               "CCC_OVERRIDE_OPTIONS": "# ^-DEVIL=1 +-O3", "CLANG_CONFIG_FILE_USER_DIR": home, "CLANG_CONFIG_FILE_SYSTEM_DIR": home, "LANG": "tr_TR.UTF-8",
               "LC_ALL": "C.UTF-8", "TZ": "Pacific/Kiritimati", "SOURCE_DATE_EPOCH": "1", "HOME": home, "XDG_CONFIG_HOME": home, "TMPDIR": home,
               "CFLAGS": "-DEVIL=1", "LDFLAGS": "-s", "LD_LIBRARY_PATH": home}
    os.remove(p.file("build", "posix", "obj", "hello", "hello.c.o"))
    p.ukc("build", environment=strange)
    p.same("variables of the environment and configuration files of clang", environment=strange)

    elsewhere = os.path.join(p.top, "another place, ü")
    shutil.copytree(p.path, elsewhere, ignore=shutil.ignore_patterns("build", "ukc.lock", "bin"))
    before, p.path = p.path, elsewhere
    p.run("git", "init", "-q", ".")
    p.write(".gitattributes", "* text eol=crlf ident\n")
    other = p.build("--target", "posix", "--profile", "dev")
    p.path = before
    expect(other["sha256"] == p.built["sha256"], "another directory gives the same image", other)
    p.harmless += ["output that depends on getcwd", ".gitattributes", "the order of files and of jobs"]


def made_unseen(p):
    """An object that no watched command left is made again."""
    p.ukc("build")
    with open(p.file("build", "posix", "obj", "hello", "linked.o"), "ab") as f:
        f.write(b"x")
    r = p.ukc("build")
    expect("what 1 files were made of was not watched: making them again" in r.out and "MODULE hello" in r.out, "somebody else has written it", r)
    expect(p.ukc("show", "build/posix/hello", "--json").json["audit"] == "complete", "and the record is of a watched build")
    p.same("an object that somebody else has written")
    p.harmless.pop()


def links(p):
    """A link out of the tree: the record has what it led to."""
    outside = os.path.join(p.top, "linked.h")
    with open(outside, "w") as f:
        f.write("/* linked */\n")
    os.symlink(outside, p.file("linked.h"))
    p.plant('#include "linked.h"\n', None, None)
    built = p.ukc("build", "--json").json
    with open(outside, "w") as f:
        f.write("/* changed */\n")
    expect("CC hello/hello.c" in p.ukc("build").out, "what a link leads to is watched")
    os.remove(outside)
    check_identical(p, built["record"], built)
    os.remove(p.file("linked.h"))
    p.plant("", None, None)
    p.ukc("build")
    p.harmless.append("a link that leaves the tree")


def hidden_in_tools(p):
    """Another program behind the name of a tool; one that asks the network."""
    environment = {"PATH": p.file("bin") + os.pathsep + p.environment["PATH"]}
    for tool, name, text, said in (
            ("clang-19", "a tool replaced on PATH", '#!/bin/sh\nexec REAL "$@"\n', "'REAL' is run"),
            ("llvm-objcopy-19", "network access", "#!/usr/bin/python3 -IS\nimport os, socket, sys\ntry:\n    socket.socket()\nexcept OSError:\n    pass\n"
                                                  'os.execv("REAL", sys.argv)\n', "asks for the network (IPv4)")):
        real = shutil.which(tool)
        p.write(f"bin/{tool}", text.replace("REAL", real))
        os.chmod(p.file("bin", tool), 0o755)
        r = p.catch(name, said.replace("REAL", real), environment=environment)
        expect("is read, and declared nowhere" not in r.err and "cannot read" not in r.err, "nothing is said of what such a program reads, or of what was not made for it", r)
        shutil.rmtree(p.file("bin"))


def planted(context):
    with Planted(context) as p:
        for part in (read_by_compilers, declared_by_compilers, appearing_files, made_unseen, links, hidden_in_manifests, hidden_in_the_environment, hidden_in_tools):
            part(p)
        print(f"score: {len(p.caught)} caught and named, {len(p.harmless)} without effect, of {len(p.caught + p.harmless)} hidden inputs")


def at_link(context):
    """A release image's linker reads an .incbin again: both are seen, and the file is named once."""
    with Project(context) as p:
        p.copy("examples/hello")
        source = p.read("hello.c").decode()
        p.write("secret.bin", "secret")
        p.write("hello.c", source + incbin("secret.bin"))
        p.ukc("configure", "--target", "posix")
        r = p.ukc("build", status=1, timeout=600)
        expect(r.err.count("'secret.bin' is read") == 1, "named once", r)
        readers = set(re.findall(r"^read (\d+) secret.bin$", p.read("build", "posix", "audit.log").decode(), re.M))
        expect(len(readers) >= 2, "the linker reads it as well", readers)
        p.write("hello.c", source + '#include "/usr/include/paths.h"\n')
        r = p.ukc("build", status=1, timeout=600)
        expect("'/usr/include/paths.h' is read, and declared nowhere" in r.err, "the host's headers are no part of it", r)


def linker_script(context):
    """What a linker script includes is in the linker's list of dependencies: recorded, and a change of it is seen; outside the project it is named."""
    with Project(context) as p:
        p.copy("examples/hello", "app")
        for part in ("libs", "targets"):
            p.copy(part, os.path.join("catalogue", part))
        script = os.path.join("catalogue", "targets", "pvh", "image.ld")
        plain = p.read(script).decode()
        p.write(script, "INCLUDE included.ld\n" + plain)
        p.write("app/included.ld", "included = 1;\n")
        p.enter("app")
        p.ukc("configure", "--target", "kvm", "--catalogue", "../catalogue")
        built = p.ukc("build", "--json", timeout=800).json
        shown = p.ukc("show", built["record"], "--json").json
        expect(any(i["path"] == "included.ld" for i in shown["inputs"]), "the record has what is included", shown["inputs"])
        p.write("included.ld", "included = 2;\n")
        other = p.ukc("build", "--json").json
        expect(other["record"] != built["record"], "a change of it makes another image", other)
        check_identical(p, built["record"], built)
        outside = os.path.join(p.top, "outside.ld")
        with open(outside, "w") as f:
            f.write("included = 3;\n")
        p.write("included.ld", f"INCLUDE {outside}\n")
        r = p.ukc("build", status=1)
        expect(f"'{outside}' is read, and declared nowhere" in r.err and "outside the project" in r.err, "what is elsewhere is named", r)


def unwatched(context):
    """Where ukc cannot watch it says so, in the run too; and reproducing refuses what the record does not name."""
    with Recorded(context) as p:
        watched = [sys.executable, os.path.join(harness.ROOT, "tests", "lib", "watched.py")]
        outside = os.path.join(p.top, "outside.bin")
        with open(outside, "w") as f:
            f.write("outside")
        p.write("hello.c", p.read("hello.c").decode() + incbin(outside))
        r = p.run(*watched, str(context.ukc), "build")
        expect("nobody watched what the compilers read: a program above ukc watches already" in r.err, "the build says so", r)
        shown = p.ukc("show", "build/posix/hello", "--json").json
        expect(shown["audit"] == "none: a program above ukc watches already", "the run says so", shown)
        r = p.ukc("reproduce", shown["record"], "-o", "again", status=5)
        expect(f"'clang-19' wants to read '{outside}', which the record does not name, to make 'build/posix/obj/hello/hello.c.o'" in r.err, "it is shut in", r)
        expect(not os.path.exists(p.file("again")), "nothing is written", r)
        r = p.run(*watched, str(context.ukc), "reproduce", shown["record"])
        expect("the record's actions were not shut in: a program above ukc watches already" in r.err, "reproducing says so", r)


def without_proc(context):
    """A chroot without /proc: watched, and shut in, all the same."""
    unshare = harness.need("unshare")
    if os.geteuid() != 0:
        raise context.skip("only root can take /proc away")
    if subprocess.run([unshare, "--mount", "true"], stderr=subprocess.DEVNULL).returncode:
        raise context.skip("there are no mount namespaces here, as in a chroot")
    with Project(context) as p:
        p.copy("examples/hello")
        p.run(unshare, "--mount", "sh", "-ec", f"umount -l /proc; test ! -e /proc/self; '{context.ukc}' configure --target posix --profile dev; '{context.ukc}' build",
              environment={"UKC_SOURCE_ROOT": str(context.root)})
        shown = p.ukc("show", "build/posix/hello", "--json").json
        expect(shown["audit"] == "complete", "all was watched", shown["audit"])
        p.write("hello.c", p.read("hello.c").decode() + incbin("/etc/passwd"))
        r = p.run(unshare, "--mount", "sh", "-ec", f"umount -l /proc; '{context.ukc}' build", status=1, environment={"UKC_SOURCE_ROOT": str(context.root)})
        expect("'/etc/passwd' is read, and declared nowhere" in r.err, "what is not declared is named", r)


# ---- strace ----

TOOLS = ("clang-19", "ld.lld-19", "llvm-link-19", "opt-19", "llvm-objcopy-19")


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(f.read()).hexdigest()


def opened(trace):
    """Files that compilers and linkers opened to read, without links; not what they have just made (assembly on its way to the assembler)."""
    program, pending, paths, made = {}, {}, set(), set()
    for line in trace:
        pid, _, call = line.partition(" ")
        call = call.strip()
        started = re.match(r'execve\("([^"]*)"', call)
        if started and call.endswith("= 0"):
            program[pid] = os.path.basename(started[1])
        if call.endswith("<unfinished ...>"):
            pending[pid] = call
            if started:
                program[pid] = os.path.basename(started[1])
            continue
        if " resumed>" in call:
            call = pending.pop(pid, "") + call
        done = re.search(r" = \d+<(/[^>]*)>$", call)
        if done and "O_EXCL" in call:
            made.add(done[1])
        if program.get(pid) in TOOLS and done and call.startswith("open") and not re.search(r"O_(WRONLY|RDWR|CREAT|DIRECTORY|PATH)", call):
            paths.add(done[1])
    return paths - made


def traced(context, target):
    """Every file that a compiler or linker opened is in the record by its contents, or the host's: its loader's, or what distribution it is."""
    with Project(context) as p:
        without_objects(context, p)
        example = "homepage" if context.long else "hello"
        p.copy(f"examples/{example}")
        p.ukc("configure", "--target", target)
        p.run(harness.need("strace"), "-f", "-qq", "-y", "-s", "4096", "-e", "trace=open,openat,openat2,execve", "-o", p.file("trace"), str(context.ukc), "build",
              timeout=800)
        shown = p.ukc("show", os.path.join("build", target, example), "--json").json
        expect(shown["audit"] == "complete", "ukc watches beside strace", shown["audit"])
        known = {x["sha256"] for part in ("inputs", "host") for x in shown[part]}
        git = ["git", "-C", os.path.join(p.environment["UKC_STORE"], "objects")]
        for name in ["tools", *p.run(*git, "ls-tree", "-r", "--name-only", shown["tree"], "outputs/").out.split()]:
            known |= set(re.findall(r"\b[0-9a-f]{64}\b", p.run(*git, "cat-file", "blob", f"{shown['tree']}:{name}").out))
        runtime = {"/etc/ld.so.cache"} | {os.path.realpath(x) for x in ("/etc/os-release", "/etc/debian_version", "/etc/lsb-release")}
        for tool in TOOLS:
            runtime |= {os.path.realpath(x) for x in re.findall(r"(/\S+) \(0x", p.run("ldd", shutil.which(tool)).out)}
        with open(p.file("trace"), errors="replace") as f:
            paths = opened(f)
        unknown, count = [], 0
        for path in sorted(paths - runtime):
            if path.startswith(("/proc/", "/dev/", "/sys/")) or path.endswith((".rsp", "/obj/+library.a")):  # the words of a command; its members are in the record
                continue
            count += 1
            if not os.path.exists(path) or sha256(path) not in known:
                unknown.append(path)
        expect(not unknown, "strace saw files that are not in the record", *unknown)
        expect(count > 100, "and it saw many", count)
        print(f"score: {count} files that strace saw opened, all of them in the record")


def tests(context):
    yield "planted", lambda: planted(context)
    yield "at_link", lambda: at_link(context)
    yield "linker_script", lambda: linker_script(context)
    yield "unwatched", lambda: unwatched(context)
    yield "without_proc", lambda: without_proc(context)
    for target in ("posix", "kvm"):
        yield f"strace/{target}", lambda target=target: traced(context, target)
