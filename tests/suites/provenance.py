"""Records: an image is made again from its hash, elsewhere; whatever was touched is named; git alone can check it."""

import contextlib
import glob
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
import zlib
from pathlib import Path

import harness
from lib.project import Project, copy_store, expect

SECONDS = 900


class Recorded(Project):
    """A project with a store of its own; hello as a process with the host's C library: quick to build."""

    def __init__(self, context, *arguments, example="hello", unikernel=None):
        super().__init__(context)
        self.name = [unikernel] if unikernel else []  # of several
        self.store = os.path.join(self.top, "store")
        if {"kvm", "xen"} & set(arguments) or arguments[-1:] == ("posix",):  # musl's sources, which were fetched for all tests, without the others' builds
            copy_store(context, self.store)
        self.environment["UKC_STORE"] = self.store
        self.copy("examples/" + example)
        self.built = self.build(*(arguments or ("--target", "posix", "--profile", "dev")))

    def build(self, *arguments):
        self.ukc("configure", *arguments, *self.name)
        return self.ukc("build", "--json", *self.name, timeout=600).json

    def git(self, *arguments, status=0, directory=None, **options):
        return self.run("git", "-C", directory or os.path.join(self.store, "objects"), *arguments, status=status, **options).out

    def tree(self):
        return self.git("rev-parse", "refs/ukc/log^{tree}").strip()

    def object(self, name):
        """The file of a loose object of the newest record: 'record', 'actions/+image'."""
        sha1 = self.git("rev-parse", f"refs/ukc/log:{name}").strip()
        return os.path.join(self.store, "objects", "objects", sha1[:2], sha1[2:])


def check_identical(p, word, built, *arguments, **options):
    output = os.path.join(p.top, "again")
    r = p.ukc("reproduce", word, "-o", output, "--json", *arguments, directory="/", timeout=600, **options)
    expect(re.fullmatch(r"replaying [\d,]+ actions \(-v names them\)", r.err.splitlines()[0]) and "\n[" not in r.err, "it says what it does", r)
    expect(r.json["identical"] and r.json["sha256"] == built["sha256"] and r.json["record"] == built["record"], "the record's image", r)
    again = open(output, "rb").read()
    expect(len(again) == built["bytes"] and p.run("sha256sum", output).out.split()[0] == built["sha256"], "the very bytes", len(again))
    os.remove(output)


def stranger(context):
    """What runs a program without a network and, for root, as another user."""
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    for before in (["unshare", "-n", *other], ["unshare", "-rn"], other, []):
        if not before or subprocess.run([*before, str(context.ukc), "version"], capture_output=True, cwd="/").returncode == 0:
            return before


def elsewhere(context, *arguments, **which):
    """The project and its store are gone, but for a bundle; another user, directory, time zone, locale and number of jobs; no network."""
    with Recorded(context, *arguments, **which) as p, tempfile.TemporaryDirectory(prefix="ukc a place with spaces, and ü-") as other:
        built = p.built
        image = shutil.copy(built["image"], other)
        bundle = os.path.join(other, "bundle")
        r = p.ukc("bundle", built["record"], "-o", bundle, "--json")
        expect(p.run("sha256sum", bundle).out.split()[0] == r.json["sha256"] and r.json["records"] == 1, "a bundle", r)
        shutil.rmtree(p.path)
        shutil.rmtree(p.store)
        os.mkdir(p.path)
        for path in (image, bundle):
            os.chmod(path, 0o755)
        os.chmod(other, 0o777)
        for parent in Path(other).parents:
            if parent.owner() == Path(other).owner() and not parent.stat().st_mode & 1:
                parent.chmod(0o711)
        work = os.path.join(other, "work")
        strange = {"TMPDIR": work, "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "HOME": other, "USER": "someone",
                   "UKC_STORE": os.path.join(other, "elsewhere"), "CPATH": "/nowhere", "SOURCE_DATE_EPOCH": "1", "http_proxy": "http://127.0.0.1:9/",
                   "https_proxy": "http://127.0.0.1:9/"}
        os.mkdir(work)
        os.chmod(work, 0o777)
        before = [*stranger(context), str(context.ukc)]
        options = {"environment": strange, "directory": "/", "timeout": 600}
        r = p.run(*before, "import", bundle, "--json", **options)
        expect([x["record"] for x in r.json["records"]] == [built["record"]] and r.json["runs"] == 1, "the bundle's record", r)
        again = os.path.join(other, "again")
        r = p.run(*before, "reproduce", image, "-o", again, "--jobs", "1", "--json", **options)
        expect(r.json["identical"] and r.json["sha256"] == built["sha256"] and r.json["record"] == built["record"], "the record's image", r)
        expect(open(again, "rb").read() == open(image, "rb").read(), "the very bytes", r)
        expect(os.listdir(work) == [], "nothing is left of the work", os.listdir(work))
        p.run(*before, "verify", "--deep", **options)
        r = p.run(*before, "bundle", built["record"], "-o", again, "--json", **options)
        expect(open(again, "rb").read() == open(bundle, "rb").read(), "from the other store, the same bundle", r)
        if not arguments:
            unreadable(p, before, os.path.join(other, "elsewhere", "objects"), options)


def unreadable(p, before, objects, options):
    """What may not be read is not damaged, and nothing is to be thrown away."""
    for path in ("refs/ukc/log", "objects"):
        place = os.path.join(objects, path)
        mode = os.stat(place).st_mode
        os.chmod(place, 0)
        for command in (["verify"], ["store", "reindex"], ["store", "gc"]):
            r = p.run(*before, *command, status=3, **options)
            expect("ermission denied" in r.err and not re.search("update-ref|away|damaged", r.err), "why", path, command, r)
        os.chmod(place, mode)
    p.run(*before, "verify", **options)


SHELL = ["sh", "-c"]
# what reprotest varies: a command in front, variables, where the project is
VARIATIONS = {
    "path": ([], {}, "a place with spaces, ü, and " + "n" * 180),
    "umask": ([*SHELL, 'umask 077; exec "$@"', "sh"], {}, "u"),
    "kernel": (["setarch", "--uname-2.6"], {}, "k"),
    "aslr": (["setarch", "-R"], {}, "a"),
    "cpus": (["taskset", "-c", "0"], {}, "c"),
    "host": (["unshare", "-u", *SHELL, 'hostname i-capture-the-hostname; exec "$@"', "sh"], {}, "h"),
    "environment": ([], {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8", "HOME": "/nowhere", "USER": "someone", "CPATH": "/nowhere",
                         "C_INCLUDE_PATH": "/nowhere", "LIBRARY_PATH": "/nowhere", "CFLAGS": "-O0", "SOURCE_DATE_EPOCH": "1", "NINJA_STATUS": "x"}, "e"),
    "exec_path": ([], {"PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/i/capture/the/path"}, "p"),
    "time": (["faketime", "-f", "+400d"], {}, "t"),
    "files": ([], {}, "f"),
}


def varied(context, names, *arguments, **which):
    """Built again where each of these is another: the same record, whose hash is of every input, command and output."""
    with Recorded(context, *arguments, **which) as p, contextlib.ExitStack() as after:
        before, variables, place = [], {}, "same"
        for name in names:
            command, more, where = VARIATIONS[name]
            if command and subprocess.run([*command, "true"], capture_output=True).returncode != 0:
                continue
            before += command
            variables.update(more)
            place = where if name == "path" or len(names) == 1 else place
        project = os.path.join(p.top, place, "project")
        shutil.copytree(p.path, project, ignore=shutil.ignore_patterns("build"))
        if "files" in names and shutil.which("disorderfs") and os.getuid() == 0:
            mount = os.path.join(p.top, "shown")
            os.mkdir(mount)
            if subprocess.run(["disorderfs", "--shuffle-dirents=yes", "--multi-user=yes", project, mount], capture_output=True).returncode == 0:
                after.callback(lambda: subprocess.run(["fusermount", "-u", mount], check=True))
                project = mount
        elif names == ["files"]:
            raise harness.Skip("disorderfs is not installed")
        options = {"environment": variables, "directory": project, "timeout": 900}
        p.run(*before, str(context.ukc), "configure", *(arguments or ("--target", "posix", "--profile", "dev")), *p.name, **options)
        r = p.run(*before, str(context.ukc), "build", "--no-cache", "--json", *p.name, **options)
        expect((r.json["record"], r.json["sha256"]) == (p.built["record"], p.built["sha256"]), f"the same record with {', '.join(names)}", p.built, r)
        if "faketime" in before:
            shown = p.ukc("show", r.json["record"], "--json").json
            expect(shown["started_ms"] > (time.time() + 300 * 86400) * 1000, "ukc saw the other time", shown)


def bundles(context):
    """What ukc bundle and ukc import say; a file with anything wrong is refused, and the store stays as it was."""
    with Recorded(context) as p:
        record, bundle = p.built["record"], p.file("b")
        for words, status, said in ((["-o", bundle], 2, "needs records, or --all"), ([record], 2, "-o FILE"), ([record, "--all", "-o", bundle], 2, "not both"),
                                    (["ffffffffff", "-o", bundle], 1, "begins with"), ([record, "-o", "/proc/b"], 3, "cannot be written"),
                                    ([record, "-o", "/proc/nowhere/b"], 3, "cannot make directory")):
            r = p.ukc("bundle", *words, status=status)
            expect(said in r.err and not os.path.exists(bundle), f"'{said}'", r)
        for command in (["bundle"], ["export"]):
            r = p.ukc(*command, p.built["image"], "-o", p.file(p.built["image"]), status=2)
            expect("would be overwritten" in r.err and p.run("sha256sum", p.built["image"]).out.startswith(p.built["sha256"]), "the image itself is spared", r)
        killed = os.path.join(os.path.dirname(bundle), ".ukc-4194303.tmp")
        p.write(killed, b"half")
        os.utime(killed, (1, 1))
        r = p.ukc("bundle", record, p.built["image"], "-o", bundle)
        expect(not os.path.exists(killed), "what a killed one left is removed", r)
        expect(r.out.startswith(f"{bundle}: 1 record, 1 run, "), "one record, named twice", r)
        p.ukc("bundle", "--all", "--images", "-o", p.file("with-images"))
        p.ukc("bundle", record, "-o", p.file("new/directory/b"))
        expect(p.read("new/directory/b") == p.read("b"), "a directory is made, as for other commands")
        names = p.run("tar", "-tf", p.file("with-images")).out.split()
        expect(names[0] == "ukc-bundle" and names[-1] == "files/" + p.built["sha256"], "tar lists it", names[:3], names[-1])
        there = {"UKC_STORE": os.path.join(p.top, "there")}
        good = p.read("b")
        for name, bad, status, said in (("short", good[:-512], 6, "truncated"), ("long", good + b"x", 6, "after its end"), ("other", b"hello", 1, "is no bundle"),
                                        ("flipped", good[:100000] + bytes([good[100000] ^ 4]) + good[100001:], 6, "is refused"),
                                        ("newer", good.replace(b"ukc-bundle 1", b"ukc-bundle 7"), 6, "made by a newer ukc")):
            p.write(name, bad)
            r = p.ukc("import", name, status=status, environment=there)
            expect(said in r.err, f"{name}: it is said why", r)
        p.ukc("import", "absent", status=1, environment=there)
        expect(not os.path.exists(os.path.join(p.top, "there", "objects")), "nothing came into the store")
        r = p.ukc("import", "b", environment=there)
        expect(f"record {record[:12]}: hello for posix" in r.out and "1 run added" in r.out, "it is said what came", r)
        r = p.ukc("import", "with-images", environment=there)
        expect("it was here" in r.out and "0 runs added" in r.out, "it is said what was here", r)
        expect(p.ukc("log", "--json", environment=there).json == p.ukc("log", "--json").json, "the same log")
        os.remove(glob.glob(os.path.join(p.store, "blobs", "*", "*"))[0])
        r = p.ukc("bundle", record, "--images", "-o", bundle, status=4)
        expect("ukc reproduce" in r.err and p.read("b") == good, "an image that was evicted", r)


def wanted_anew(p, first, recipe):
    """The manifest says something else and the image stays: its record is the one that a clean build makes.  The first change's, built three times."""
    old = p.read("ukc.lua").decode()
    licensed = old.replace("doc ", 'licence = "GPL-3.0-only", version = "7.5", doc ', 1)
    built = []
    for manifest in ("-- a comment\n" + old, licensed, "-- a comment\n" + old):
        p.write("ukc.lua", manifest)
        built.append(p.ukc("build", "--json").json)
        expect((built[-1]["sha256"], built[-1]["made"]) == (first["sha256"], False), "the image stays as it is", built[-1])
        expect(p.ukc("show", built[-1]["record"], "--json").json["recipe"] == recipe, "what was wanted is not in the recipe", built[-1])
        r = p.ukc("report", "-o", "page.html", "--json")
        expect(r.json["record"] == built[-1]["record"] and "another plan" not in r.err, "the page is of this record", r)
        bill = p.ukc("export", first["image"], "--format", "cyclonedx").out
        expect(("GPL-3.0-only" in bill, '"7.5"' in bill) == (manifest == licensed,) * 2, "the bill of materials says the licence and the version", bill)
    one, two, three = (b["record"] for b in built)
    expect(len({first["record"], one, two}) == 3 and one == three, "each is another record", built)
    shutil.rmtree(p.file("build"))
    clean = p.build("--target", "posix", "--profile", "dev")
    expect((clean["record"], clean["made"]) == (one, True), "a clean build makes the same", clean)
    return clean


def names(context):
    """By the record's, the recipe's and the image's hash; a comment in a manifest is another record of the same recipe."""
    with Recorded(context) as p:
        first = p.built
        shown = p.ukc("show", first["record"][:8], "--json").json
        expect(shown["sha256"] == first["sha256"] and shown["recipe"] != shown["record"], "the record is shown", shown)
        words = [a for a in shown["actions"] if a["outputs"] == ["build/posix/obj/hello/hello.c.o"]]
        expect(len(words) == 1 and words[0]["words"][0] == "clang-19" and "hello.c" in words[0]["inputs"], "its commands", words)
        expect(any(i["path"] == "hello.c" for i in shown["inputs"]) and any(i["path"] == "/usr/include/stdio.h" for i in shown["host"]),
               "its inputs, the host's headers too", shown["inputs"])
        expect(not any("/" == w[0] or p.top in w for a in shown["actions"] for w in a["words"]), "no command names an absolute path")
        os.utime(p.file("ukc.lua"))
        again = p.build("--target", "posix", "--profile", "dev")
        expect((again["record"], again["made"]) == (first["record"], False) and p.ukc("show", first["record"], "--json").json["builds"] == 1,
               "a build with nothing to do makes no record and notes no run", again)
        second = wanted_anew(p, first, shown["recipe"])
        for word in (second["record"][:12], first["record"], shown["recipe"], first["sha256"]):
            r = p.ukc("reproduce", word, "--quiet", timeout=600)
            expect(r.out == r.err == "", "--quiet says nothing", r)
        done = [p.ukc("show", r["record"], "--json").json for r in (second, first)]
        expect([d["reproduced"] for d in done] == [3, 1] and [d["differed"] for d in done] == [0, 0], "what was reproduced is in the log", done)
        expect(done[0]["builds"] == 3 and done[0]["ended_ms"] < done[0]["reproduced_ms"], "which is no build", done[0])
        expect("\nreproduced 3 times, last 20" in p.ukc("show", second["record"]).out and " 3, 3\n" in p.ukc("log").out, "and is said")
        text = p.ukc("show", first["record"][:12]).out
        for fact in ("hello for posix, dev", "clang-19 clang-19 ", "--profile=dev", "console: sig.console"):
            expect(fact in text, f"'{fact}' is shown", text)
        for word, status, said in (("ffffffffff", 1, "begins with"), ("xyz", 2, "not a hash"), ("ukc.lua", 1, "'ukc store pull' bring those of others")):
            r = p.ukc("reproduce", word, status=status)
            expect(said in r.err, f"'{word}' is explained", r)


def git_alone(context):
    """Stock git finds the store sound, and computes the same ids."""
    with Recorded(context) as p:
        said = p.run("git", "-C", os.path.join(p.store, "objects"), "fsck", "--full", "--strict")
        expect("error" not in said.err and "missing" not in said.out + said.err, "git fsck has nothing to say", said)
        p.run("git", "init", "-q", "--object-format=sha256", "check")
        check = p.file("check")

        def blob(name):
            p.write("blob", subprocess.check_output(["git", "-C", os.path.join(p.store, "objects"), "cat-file", "blob", f"refs/ukc/log:{name}"]))
            return p.git("hash-object", p.file("blob"), directory=check).strip()

        def tree(name):
            shutil.rmtree(p.file("out"), ignore_errors=True)
            os.mkdir(p.file("out"))
            archive = subprocess.check_output(["git", "-C", os.path.join(p.store, "objects"), "archive", f"refs/ukc/log:{name}"])
            subprocess.run(["tar", "-C", p.file("out"), "-x"], input=archive, check=True)
            environment = {"GIT_WORK_TREE": p.file("out"), "GIT_DIR": os.path.join(check, ".git"), "GIT_INDEX_FILE": p.file("index-" + name)}
            p.run("git", "add", "-A", "--force", ".", environment=environment, directory=p.file("out"))
            return p.run("git", "write-tree", environment=environment, directory=p.file("out")).out.strip()

        expect(blob("record") == p.built["record"], "the record's id is git's", p.built)
        lines = dict(line.split(" ", 1) for line in p.git("cat-file", "blob", "refs/ukc/log:record").splitlines())
        recipe = dict(line.split(" ", 1) for line in p.git("cat-file", "blob", "refs/ukc/log:recipe").splitlines())
        expect(lines["recipe"] == blob("recipe") and recipe["tools"] == blob("tools"), "so are the recipe's and the tools'", lines, recipe)
        for name, expected in (("actions", recipe["actions"]), ("inputs", recipe["inputs"]), ("host", recipe["host"]), ("intent", lines["intent"]),
                               ("outputs", lines["outputs"])):
            expect(tree(name) == expected, f"the tree of {name} is git's", expected)
        p.git("gc", "--quiet")
        check_identical(p, p.built["record"], p.built)


def rewrite(path, change):
    """A loose object with other contents under the same name."""
    kind, _, body = zlib.decompress(open(path, "rb").read()).partition(b"\0")
    body = change(body)
    os.chmod(path, 0o644)
    with open(path, "wb") as f:
        f.write(zlib.compress(kind.split()[0] + b" %d\0" % len(body) + body))


def tampered(context):
    """A byte of any part: status 6, which part, and nothing is written.  A part that is gone: status 4."""
    with Recorded(context) as p:
        record = p.built["record"]
        for part in ("record", "recipe", "tools", "actions/+image", "outputs/+image", "intent/plan", "inputs/hello.c", "host/usr/include/stdio.h"):
            path = p.object(part)
            good = open(path, "rb").read()
            for change in (lambda b: bytes([b[0] ^ 1]) + b[1:], lambda b: b[:-1], lambda b: b + b"\n"):
                rewrite(path, change)
                r = p.ukc("reproduce", record, "-o", "again", status=6)
                expect(part.split("/")[0] in r.err and not os.path.exists(p.file("again")), f"{part}: named, and nothing written", r)
            with open(path, "wb") as f:
                f.write(good[: len(good) // 2])
            p.ukc("reproduce", record, status=6, timeout=60)
            os.remove(path)
            r = p.ukc("reproduce", record, "-o", "again", status=4)
            expect("is not in the store" in r.err and not os.path.exists(p.file("again")), f"{part}: it is gone", r)
            p.ukc("verify", "--deep", status=4)
            with open(path, "wb") as f:
                f.write(good)
        p.ukc("verify", "--deep")
        [blob] = glob.glob(os.path.join(p.store, "blobs", "*", "*"))
        os.chmod(blob, 0o644)
        with open(blob, "r+b") as f:
            f.write(b"\x7eELF")
        r = p.ukc("verify", "--deep", status=6)
        expect(os.path.basename(blob) in r.err, "a changed image is found", r)
        os.remove(blob)
        p.ukc("verify", "--deep")  # an image can be made again
        check_identical(p, record, p.built)
        with open(p.built["image"], "r+b") as f:
            f.write(b"\x7eELF")
        r = p.ukc("reproduce", p.built["image"], status=1)
        expect(f"as this file is of record {record[:12]}: 'ukc reproduce" in r.err, "of a changed image it is said what was built there", r)
        log = os.path.join(p.store, "objects", "refs", "ukc", "log")
        with open(log) as f:
            tip = f.read()
        for bad, said in (("01" * 20, "it is not in the store"), (p.git("rev-parse", "refs/ukc/log:record").strip(), "is a blob, not a commit")):
            Path(log).write_text(bad + "\n")
            os.remove(p.built["image"])
            r = p.ukc("build", status=6)
            expect(f"commit {bad} of the log of builds" in r.err and said in r.err and Path(log).read_text() == bad + "\n", "nothing is added to a log that is damaged", r)
            Path(log).write_text(tip)
        p.ukc("build", "--quiet")
        p.ukc("verify", "--deep")


def put_tool(p, name, script):
    p.write("bin/" + name, f'#!/bin/sh\nreal={shutil.which(name)}\n{script}\n')
    os.chmod(p.file("bin", name), 0o755)


def other_tools(context):
    """Another compiler: status 4 and what to install.  Tried all the same: status 5, and the first command that differs."""
    with Recorded(context) as p:
        record = p.built["record"]
        path = {"PATH": p.file("bin") + os.pathsep + p.environment["PATH"]}
        put_tool(p, "llvm-objcopy-19", 'exec "$real" "$@"')
        r = p.ukc("reproduce", record, status=4, environment=path)
        for said in ("tools that are not on this machine", "program llvm-objcopy-19: wanted sha256", f"'{p.file('bin/llvm-objcopy-19')}' has ", "'ukc import --tools' here", "apt-get install", "llvm-19=", "--tools=host"):
            expect(said in r.err, f"'{said}'", r)
        r = p.ukc("reproduce", record, "--tools=host", "--json", environment=path, timeout=600)
        expect(r.json["tools"] == "host", "other tools, the same bytes: it says so", r)
        put_tool(p, "clang-19", 'for last; do :; done; case "$*" in *hello/hello.c.o*) set -- "$@" -DCHANGED "-Dmain_=1" -O0 -g0;; esac; exec "$real" "$@"')
        r = p.ukc("reproduce", record, "--tools=host", "-o", "again", environment=path, status=5, timeout=600)
        expect("'build/posix/obj/hello/hello.c.o' ('clang-19')" in r.err and not os.path.exists(p.file("again")), "the first command that differs", r)
        kept = r.err.split("is kept in '")[1].split("'")[0]
        expect(os.path.exists(os.path.join(kept, "build/posix/hello")), "what was made is kept", r)
        shutil.rmtree(kept)
        for tool in os.listdir(p.file("bin")):
            os.remove(p.file("bin", tool))
        for tool in ("clang-19", "llvm-objcopy-19", "sh"):
            os.symlink(shutil.which(tool), p.file("bin", tool))
        r = p.ukc("reproduce", record, status=4, environment={"PATH": p.file("bin")})
        expect("the program 'ld.lld-19' is not installed" in r.err and "lld-19=" in r.err, "a missing linker is named", r)


def noted(context):
    """An image with a note says which recipe it is: when it starts, stripped, in a dump of its memory.  The recipe's hash does not depend on itself."""
    keys = ("--target", "posix", "--profile", "dev", "--set", "note.recipe=true")
    with Recorded(context, *keys) as p:
        first = p.built
        shown = p.ukc("show", first["record"], "--json").json
        r = p.run(first["image"])
        expect(r.err == f"hello: recipe {shown['recipe']}\n", "it says so when it starts", r)
        image = p.read("build/posix/hello")
        expect(image.count(shown["recipe"].encode()) == 1, "and has it once")
        check_identical(p, first["record"], first)
        expect(p.git("cat-file", "blob", "refs/ukc/log:recipe").splitlines()[0] == "ukc-recipe 3", "an ukc that knows no notes says that it does not know this")
        expect(not p.build(*keys)["made"], "nothing to do")
        for gone in ("image.state", "hello", "audit.state"):
            os.remove(p.file("build/posix", gone))
            again = p.build(*keys)
            expect((again["record"], again["sha256"]) == (first["record"], first["sha256"]), f"the same without {gone}", again)
        expect(p.ukc("reproduce", "--from-manifest", first["record"], "--json", timeout=600).json["same_recipe"], "the same recipe from the manifest")
        p.run("llvm-objcopy-19", "--strip-all", "build/posix/hello", "stripped")
        p.write("memory", b"\0" * 4099 + image + b"more")
        for name in ("stripped", "memory"):
            r = p.ukc("show", name)
            expect(f"names recipe {shown['recipe'][:12]}" in r.err and first["record"] in r.out, f"{name}: the note leads to the record", r)
        os.truncate(p.file("memory"), 65 << 30)
        expect("larger than 64 GiB" in p.ukc("show", "memory", status=1).err, "not read for an hour")
        os.remove(p.file("memory"))
        p.write("other", image.replace(shown["recipe"].encode(), b"1" * 64))
        r = p.ukc("show", "other", status=1)
        expect(f"names recipe {'1' * 64}, of which this store has no record" in r.err, "a recipe that is not known here", r)
        r = p.ukc("reproduce", "stripped", "-o", "never", status=5)
        expect(f"'stripped' is not the image of record {first['record'][:12]}" in r.err and f"'ukc reproduce {first['record'][:12]} -o FILE'" in r.err and
               not os.path.exists(p.file("never")), "other bytes are not called identical", r)
        p.write("hello.c", p.read("hello.c") + b"int hello_more = 1;\n")
        other = p.build(*keys)
        expect(p.ukc("show", other["record"], "--json").json["recipe"].encode() in p.read("build/posix/hello"), "another recipe, another note", other)
        plain = p.build(*keys[:4])
        expect(b".note.ukc" not in p.read("build/posix/hello"), "it is off unless it is set", plain)


def first_version(context):
    """A record of the first version, which has no contents: what is known of it is shown; it cannot be reproduced, and is said so."""
    with Recorded(context) as p:
        db = sqlite3.connect(os.path.join(p.store, "records.db"))
        db.execute("INSERT INTO recipe (id, hash, target, profile) VALUES (900, ?, 'kvm', 'dev')", (b"r" * 32,))
        db.execute("INSERT INTO input (id, role, path, sha256, size) VALUES (900, 'source', 'old.c', ?, 7)", (b"i" * 32,))
        db.execute("INSERT INTO recipe_input (recipe, ordinal, input) VALUES (900, 0, 900)")
        db.execute("INSERT INTO record (id, hash, recipe, image_sha256, image_bytes) VALUES (900, ?, 900, ?, 5)", (b"h" * 32, b"s" * 32))
        db.execute("INSERT INTO run (record, unikernel, version, project, image, host, user, started_ms, ended_ms) VALUES (900, 'old', '0.0', '/p', 'i', 'h', 'u', 1, 2)")
        db.execute("INSERT INTO record (id, hash, recipe, image_sha256, image_bytes) VALUES (901, ?, 900, ?, 5)", (b"h" * 31 + b"i", b"s" * 31 + b"t"))
        db.execute("INSERT INTO run (record, unikernel, version, project, image, host, user, started_ms, ended_ms) VALUES (901, 'old', '0.0', '/p', 'i', 'h', 'u', 3, 4)")
        db.commit()
        db.close()
        word = (b"h" * 32).hex()
        r = p.ukc("show", word[:20], status=2)
        expect("is ambiguous" in r.err and len(set(re.findall(f"record ({word[:60]}[0-9a-f]{{4}}): old for kvm", r.err))) == 2, "the beginning of two: both are named", r)
        expect("a record by its own hash" in r.err, "and what to do", r)
        text = p.ukc("show", word).out
        expect("old for kvm, dev" in text and "kept hashes only" in text and "6969696969696969         7  old.c\n" in text, "what is known", text)
        shown = p.ukc("show", word, "--json").json
        expect(shown["inputs"] == [{"path": "old.c", "sha256": (b"i" * 32).hex(), "bytes": 7}] and shown["tree"] is None, "for scripts", shown)
        for arguments in (("reproduce", word), ("export", word), ("explain", "--in", word, "old.c"), ("diff", word, p.built["record"])):
            r = p.ukc(*arguments, status=4)
            expect("kept no contents" in r.err, f"'{arguments[0]}' says what is missing", r)
        expect(p.ukc("verify", "--json").json == {"runs": 1, "records": 1, "deep": False}, "the log does not have it")


def from_manifest(context):
    """The recorded manifest, evaluated again: the same recipe, elsewhere and without a run in the log; another one where ukc's libraries changed."""
    with Recorded(context) as p:
        ukc = os.path.join(p.top, "ukc")
        for part in ("libs", "targets"):
            shutil.copytree(os.path.join(str(context.root), part), os.path.join(ukc, part), symlinks=True)
        p.write("pages/a.txt", "hello")
        p.write("some.conf", "console.output=stderr\n")
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("console = sig.console", "console = sig.console, pages = sig.kv_ro")
                .replace("sources", 'choose = { pages = embed "pages" }, sources', 1))
        built = p.build("--target", "posix", "--profile", "dev", "--catalogue", ukc, "--config", "some.conf")
        log = p.ukc("log", "--json").json
        shutil.rmtree(p.path)
        os.mkdir(p.path)
        r = p.ukc("reproduce", "--from-manifest", built["record"], "--json", timeout=600)
        expect(r.json["same_recipe"] and r.json["recipe"] == log[0]["recipe"], "the same recipe", r)
        expect("evaluated: " in p.ukc("reproduce", "--from-manifest", built["record"][:9], timeout=600).out, "is said")
        for option in (("-o", "again"), ("--tools=host",)):
            r = p.ukc("reproduce", "--from-manifest", built["record"], *option, status=2)
            expect("replays nothing" in r.err and not os.path.exists(p.file("again")), "nothing is made, and no option goes unsaid", r)
        tasks = os.path.join(ukc, "libs/tasks/tasks.c")
        with open(tasks, "a") as f:
            f.write("\n")
        r = p.ukc("reproduce", "--from-manifest", built["record"], status=5, timeout=600)
        expect("differs first in: inputs" in r.err and "libs.tasks/tasks.c: " in r.err and "another recipe" in r.err, "what differs is named", r)
        p.ukc("reproduce", built["record"], "--quiet", timeout=600)
        shutil.rmtree(os.path.join(ukc, "libs/tasks"))
        r = p.ukc("reproduce", "--from-manifest", built["record"], status=1, timeout=600)
        expect("cannot be configured by this ukc" in r.err and "note: " in r.err, "what it says is shown", r)
        after = p.ukc("log", "--json").json
        expect([(a["record"], a["builds"]) for a in after] == [(b["record"], b["builds"]) for b in log], "none of this is a build", after)
        p.ukc("verify", "--deep", "--quiet")


def astray(p, before):
    """The log's reference is lost, or a row of the index is wrong: nothing goes, verify says so, and reindex mends it."""
    git = ["git", "-C", os.path.join(p.store, "objects")]
    p.run(*git, "update-ref", "-d", "refs/ukc/log")
    r = p.ukc("verify", status=6)
    expect("2 of them, the newest commit " in r.err, "the index knows more than the log", r)
    p.run("git", "init", "-q", "--bare", "remote")
    r = p.ukc("store", "push", "remote", status=6)
    expect("nothing was pushed" in r.err and "ukc store reindex" in r.err and p.run("git", "-C", "remote", "for-each-ref").out == "", "a push does not leave it out", r)
    for path, _, names in os.walk(p.store):
        for name in names:
            os.utime(os.path.join(path, name), (1, 1), follow_symlinks=False)
    r = p.ukc("store", "gc", status=6)
    expect("nothing was removed" in r.err and "ukc store reindex" in r.err, "and gc leaves all of it", r)
    r = p.ukc("store", "reindex")
    after = p.ukc("log", "--json").json
    expect("2 added to the log again, 0 gone" in r.out and after == before, "the log has them again", r, after)
    p.ukc("verify", "--deep")
    with contextlib.closing(sqlite3.connect(os.path.join(p.store, "records.db"))) as db, db:
        db.execute("DROP TRIGGER run_update")
        db.execute("UPDATE run SET audit = 'cnmplete'")
    r = p.ukc("verify", status=6)
    expect("the index says something else" in r.err, "a row is compared as a whole", r)
    p.ukc("store", "reindex")
    expect(p.ukc("log", "--json").json == before, "and the index made anew")
    p.ukc("verify")
    log = os.path.join(p.store, "objects/refs/ukc/log")
    for text in (b"", b"12345\n"):
        with open(log, "wb") as f:
            f.write(text)
        for command in (["verify"], ["store", "reindex"]):
            r = p.ukc(*command, status=6)
            expect("the log of builds cannot be read" in r.err and "'ukc store reindex' writes the log again" in r.err, "the reference is damaged, and it is said what to do", r)
        os.remove(log)
        p.ukc("store", "reindex")
        expect(p.ukc("log", "--json").json == before, "which helps")
    p.run(*git, "pack-refs", "--all")
    packed = os.path.join(p.store, "objects/packed-refs")
    with open(packed) as f:
        text = f.read()
    Path(packed).write_text("garbage\n" + text)
    for command in (["verify"], ["store", "reindex"], ["store", "gc"]):
        expect("packed-refs" in p.ukc(*command, status=6).err, "git's other file of references is damaged", command)
    os.remove(packed)
    p.ukc("store", "reindex")
    expect(p.ukc("log", "--json").json == before, "the same remedy")
    tip = Path(log).read_text()
    tree = p.run(*git, "mktree").out.strip()
    Path(log).write_text(p.run(*git, "-c", "user.name=x", "-c", "user.email=x", "commit-tree", tree, "-m", "debian x 1").out)
    for command in (["verify"], ["build"]):
        if command == ["build"]:
            os.remove(p.built["image"])
        r = p.ukc(*command, status=6)
        expect("it is no build" in r.err, "the log's name is that of something else", r)
    Path(log).write_text(tip)
    p.ukc("build", "--quiet")
    before = p.ukc("log", "--json").json
    with contextlib.closing(sqlite3.connect(os.path.join(p.store, "records.db"))) as db, db:
        db.execute("INSERT INTO run (record, unikernel, version, project, image, host, user, started_ms, ended_ms) SELECT record, 'forged', version, project, image, host, user, 1, 2 FROM run LIMIT 1")
    expect("newest commit 00000000" in p.ukc("verify", status=6).err, "a run that names no commit")
    r = p.ukc("store", "reindex", status=4)
    expect("a build of 'forged', is in the index and not in the log, and its row names no commit of it" in r.err and "0 added to the log again, 1 gone" in r.out, "does not come into the log", r)
    expect(p.ukc("log", "--json").json == before and p.ukc("log", "forged").out == "no builds of forged are recorded\n", "and leaves the index")
    p.ukc("verify", "--deep")
    for table, change, said in (("reproduction", "entry = substr(entry, 1, 39) || 't'", "does not know that record"),
                                ("reproduction", "entry = '" + 40 * "a" + "'", "does not know that record"), ("reproduction", "image_sha256 = randomblob(32)", "of it, that record"), ("reproduction", "tools = 'host'", "of it, that record"),
                                ("record", "image_sha256 = randomblob(32)", "says something else than the log"),
                                ("run", "entry = 'x' || id", "says something else than the log"),
                                ("run", "entry = (SELECT max(entry) FROM reproduction) WHERE id = (SELECT max(id) FROM run)", "says something else than the log")):
        with contextlib.closing(sqlite3.connect(os.path.join(p.store, "records.db"))) as db, db:
            db.execute(f"DROP TRIGGER {table}_update")
            db.execute(f"UPDATE {table} SET {change}")
        r = p.ukc("verify", status=6)
        expect(said in r.err and "ukc store reindex" in r.err, f"{table}, {change}: is seen", r)
        for command in ("show", "reproduce") if table == "record" else ():
            r = p.ukc(command, p.built["record"], status=6)
            expect("the index says something else than record" in r.err, f"{command} believes the record", r)
        p.ukc("store", "reindex")
        expect(p.ukc("log", "--json").json == before, "mended")
        p.ukc("verify")


def index(context):
    """The index is made again from the log: missing, damaged, or behind."""
    with Recorded(context) as p:
        kept = os.path.join(p.store, "blobs", p.built["sha256"][:2], p.built["sha256"][2:])
        os.chmod(kept, 0o644)
        with open(kept, "r+b") as f:
            f.write(b"?")
        p.ukc("verify", "--deep", status=6)
        r = p.ukc("reproduce", p.built["record"], timeout=600)
        expect("or damaged there; it is now" in r.out, "a damaged image is put right", r)
        p.ukc("verify", "--deep")
        before = p.ukc("log", "--json").json
        expect(before[0]["reproduced"] == 1, "as is that it was reproduced", before)
        expect(len(before) == 1 and before[0]["record"] == p.built["record"], "the build is listed", before)
        for name in glob.glob(os.path.join(p.store, "records.db*")):
            os.remove(name)
        r = p.ukc("log", "--json")
        expect(r.json == [] and "'ukc store reindex' adds it" in r.err, "an empty index, and a word of the log", r)
        p.ukc("verify", status=6)
        r = p.ukc("store", "reindex")
        expect("2 runs and reproductions added" in r.out and p.ukc("log", "--json").json == before, "the same again", r)
        for name in glob.glob(os.path.join(p.store, "records.db-*")):
            os.remove(name)
        with open(os.path.join(p.store, "records.db"), "wb") as f:
            f.write(b"what is this" * 1000)
        p.ukc("log", status=6)
        r = p.ukc("store", "reindex")
        expect("records.db.damaged-1" in r.out and p.ukc("log", "--json").json == before, "the damaged one is set aside", r)
        for make in (os.mkdir, os.mkfifo, lambda path: os.symlink("nothing", path)):
            for name in glob.glob(os.path.join(p.store, "records.db*")):
                if "damaged" not in name:
                    os.remove(name)
            make(os.path.join(p.store, "records.db"))
            r = p.ukc("log", status=6)
            expect("is no file" in r.err and "'ukc store reindex' sets it aside" in r.err, "something else in its place, and what to do", r)
            p.ukc("store", "reindex")
            expect(p.ukc("log", "--json").json == before, "which helps")
        p.ukc("verify", "--deep")
        astray(p, before)
        r = p.ukc("store", "tidy", status=2)
        expect("ukc store reindex" in r.err, "what there is", r)
        for words in (("reproduce", p.built["record"]), ("export", p.built["record"]), ("bundle", "--all")):
            r = p.ukc(*words, "-o", p.top, status=2)
            expect("is a directory" in r.err and "-o names the file" in r.err, "asked before the work", r)


def examples(context):
    """Every unikernel of every example, for each target that it can be had for; by name where there are several."""
    for example in sorted(os.listdir(context.root / "examples")):
        directory = context.root / "examples" / example
        if not (directory / "ukc.lua").exists():
            continue
        said = subprocess.run([str(context.ukc), "complete", "unikernels"], cwd=directory, capture_output=True, text=True, check=True).stdout.split()
        for unikernel in said if len(said) > 1 else [None]:
            for target in ("posix", "kvm", "xen"):
                words = ["plan", "--target", target, *([unikernel] if unikernel else [])]
                if subprocess.run([str(context.ukc), *words], cwd=directory, capture_output=True).returncode == 0:
                    yield example, unikernel, target


def diffoscope(context, *arguments):
    """Has nothing to say of two builds in two directories, one of them from the record alone; and names what differs."""
    program = harness.need("diffoscope")
    with Recorded(context, *arguments) as p:
        one, again, touched = p.built["image"], os.path.join(p.top, "again"), os.path.join(p.top, "touched")
        p.copy("examples/hello", os.path.join("elsewhere", "hello"))
        p.ukc("reproduce", one, "-o", again, timeout=600)
        p.enter(os.path.join("elsewhere", "hello"))
        p.ukc("configure", *arguments)
        two = p.ukc("build", "--json", "--no-cache", timeout=600).json["image"]
        for other in (again, two):
            r = p.run(program, "--text", "-", one, other)
            expect(not r.out, "diffoscope is silent", r)
        data = open(one, "rb").read()
        with open(touched, "wb") as f:
            f.write(data.replace(b"hello", b"hullo", 1))
        r = p.run(program, "--text", "-", one, touched, status=1)
        expect("hullo" in r.out, "and not when there is something to say", r)


def tests(context):
    harness.need("git")
    yield "elsewhere/posix_dev", lambda: elsewhere(context)
    yield "elsewhere/kvm", lambda: elsewhere(context, "--target", "kvm")
    if context.long:
        yield "elsewhere/xen", lambda: elsewhere(context, "--target", "xen", "--set", "note.recipe=true")
        for example, unikernel, target in examples(context):
            which = {"example": example, "unikernel": unikernel}
            name = "/".join(filter(None, (example, unikernel, target)))
            yield f"elsewhere/{name}", lambda t=target, w=which: elsewhere(context, "--target", t, **w)
            yield f"varied/{name}", lambda t=target, w=which: varied(context, list(VARIATIONS), "--target", t, **w)
        yield "diffoscope/posix_dev", lambda: diffoscope(context, "--target", "posix", "--profile", "dev")
        yield "diffoscope/kvm", lambda: diffoscope(context, "--target", "kvm")
        for name in VARIATIONS:
            yield f"varied/{name}", lambda n=name: varied(context, [n])
    yield "varied/together", lambda: varied(context, list(VARIATIONS))
    yield "bundles", lambda: bundles(context)
    yield "names", lambda: names(context)
    yield "git_alone", lambda: git_alone(context)
    yield "tampered", lambda: tampered(context)
    yield "other_tools", lambda: other_tools(context)
    yield "noted", lambda: noted(context)
    yield "first_version", lambda: first_version(context)
    yield "from_manifest", lambda: from_manifest(context)
    yield "index", lambda: index(context)
