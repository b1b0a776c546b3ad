"""The store over time: kept tools, what a killed reproduce leaves, and ukc store gc: what can be made or got again leaves, records never; git finds the store sound; it works on a full disk; whatever dies, the next run works."""

import fcntl
import glob
import os
import random
import shutil
import signal
import subprocess
import time

import harness
from lib.project import expect, fill, flip
from suites.provenance import Recorded, check_identical, rewrite

SECONDS = 1800
OLD = time.time() - 30 * 86400
HELLO = """#include "add.h"
#include "console.h"

int hello_main(void)
{
    return console_write("12345", (size_t)add(2, 3));
}
"""


class Kept(Recorded):
    def gc(self, *arguments, **options):
        return self.ukc("store", "gc", "--json", *arguments, **options).json

    def images(self):
        return glob.glob(os.path.join(self.store, "blobs", "*", "*"))

    def sound(self):
        self.ukc("verify", "--deep")
        said = self.run("git", "-C", os.path.join(self.store, "objects"), "fsck", "--full", "--strict")
        expect("error" not in said.err and "missing" not in said.out + said.err, "git finds the store sound", said)

    def age(self, path):
        for directory, _, files in os.walk(path):
            for name in [directory, *(os.path.join(directory, f) for f in files)]:
                os.utime(name, (OLD, OLD), follow_symlinks=False)
        os.utime(path, (OLD, OLD))

    def put_object(self, contents):
        r = subprocess.run(["git", "-C", os.path.join(self.store, "objects"), "hash-object", "-w", "--stdin"], input=contents, capture_output=True, check=True)
        name = r.stdout.decode().strip()
        return os.path.join(self.store, "objects", "objects", name[:2], name[2:])


def images(context):
    """An image that can be made again leaves, reproduce brings it back; one that cannot stays, and it is said why."""
    with Kept(context) as p:
        record = p.built["record"]
        before = p.ukc("log", "--json").json
        done = p.gc("--dry-run")
        expect(done["evicted"] == 1 and done["packed"] > 100 and p.images(), "a dry run removes nothing", done)
        r = p.ukc("store", "gc", "--older", "30d")
        expect("0 images" in r.out and p.images(), "what is not old enough stays", r)
        done = p.gc("--keep", "1G")
        expect(done["evicted"] == 0 and done["images"][0]["kept"] == "the store is small enough", "a store that is small enough is left", done)
        p.sound()
        expect(glob.glob(os.path.join(p.store, "objects", "objects", "pack", "*.pack")) and not glob.glob(os.path.join(p.store, "objects", "objects", "??")), "packed")
        path = {"PATH": p.file("bin") + os.pathsep + p.environment["PATH"]}
        p.write("bin/llvm-objcopy-19", "#!/bin/sh\nexec llvm-objcopy-19 \"$@\"\n")
        os.chmod(p.file("bin/llvm-objcopy-19"), 0o755)
        done = p.gc(environment=path)
        expect(done["evicted"] == 0 and "tools" in done["images"][0]["kept"], "without the tools it stays", done)
        r = p.ukc("store", "gc", "--verbose")
        expect("1 image, " in r.out and f"of record {record[:12]}" in r.out and not p.images(), "it leaves", r)
        expect(p.ukc("log", "--json").json == before, "the record stays")
        shown = p.ukc("show", record)
        expect("stored     no: 'ukc reproduce'" in shown.out and not p.ukc("show", record, "--json").json["stored"], "it is said", shown)
        r = p.ukc("reproduce", record, timeout=600)
        expect("the image was not in the store, or damaged there; it is now" in r.out and len(p.images()) == 1, "it is there again", r)
        expect("stored" not in p.ukc("show", record).out, "and is said no more")
        check_identical(p, record, p.built)
        p.sound()
        p.ukc("build", "--quiet")
        os.remove(p.built["image"])
        p.ukc("build", "--quiet")
        expect(p.ukc("log", "--json").json[0]["builds"] == 2, "builds go on")
        for words, said in ((("--older", "soon"), "--older is an age"), (("--keep", "9X"), "--keep is a size"), (("now",), "takes no words")):
            r = p.ukc("store", "gc", *words, status=2)
            expect(said in r.err, said, r)


def unnamed(context):
    """What nothing names leaves when it is old, in files, objects and packs; damage is named, and objects stay."""
    with Kept(context) as p:
        young, old = p.put_object(b"a young one"), p.put_object(b"an old one")
        p.age(old)
        for name in ("blobs/00/" + "0" * 62, "blobs/11/" + "1" * 62 + ".77.new", "unpacked/" + "2" * 40 + "/x", "tmp/7/y"):
            path = os.path.join(p.store, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write("x" * 100)
            p.age(os.path.dirname(path))
        done = p.gc("--older", "1d")
        expect((done["unnamed"], done["unnamed_bytes"], done["objects"]) == (4, 400, 1), "what nothing names is gone", done)
        expect(os.path.exists(young) and not os.path.exists(old), "what is young stays")
        p.age(young)
        extra = os.path.join(p.store, "objects", "refs", "ukc", "git")
        os.makedirs(extra)
        shutil.copy(os.path.join(p.store, "objects", "refs", "ukc", "log"), os.path.join(extra, "f" * 64))
        blob = p.put_object(b"named by a tree that nothing will name")
        tree = subprocess.run(["git", "-C", os.path.join(p.store, "objects"), "mktree"], input=f"100644 blob {os.path.basename(os.path.dirname(blob))}{os.path.basename(blob)}\tx\n".encode(),
                              capture_output=True, check=True).stdout.decode().strip()
        commit = p.git("-c", "user.name=x", "-c", "user.email=x", "commit-tree", tree, "-m", "debian x 1").strip()
        p.git("update-ref", "refs/ukc/git/" + "f" * 64, commit)
        p.git("gc", "--quiet")
        p.age(os.path.join(p.store, "objects", "packed-refs"))
        done = p.gc("--older", "2d")
        expect(done["sources"] == ["refs/ukc/git/" + "f" * 64] and done["objects"] >= 3, "an old import leaves, out of git's pack too", done)
        p.git("cat-file", "-e", commit, status=1)
        p.sound()
        check_identical(p, p.built["record"], p.built)
        for text in (b"one", b"two"):
            p.age(p.put_object(text))
        os.remove(p.built["image"])
        p.write("hello.c", p.read("hello.c").decode().replace("Hello", "Oi"))
        p.built = p.build("--target", "posix", "--profile", "dev")
        source = p.object("inputs/hello.c")
        good = open(source, "rb").read()
        tree = p.object("inputs")
        whole = open(tree, "rb").read()
        rewrite(tree, lambda b: b[:-1])
        r = p.ukc("store", "gc", status=6)
        expect("left as they are" in r.err and "ukc verify --deep" in r.err and p.images(), "a damaged object is named, and no image removed", r)
        expect("of actions" in r.out and "the store went from" in r.out, "what has left is said", r)
        with open(tree, "wb") as f:
            f.write(whole)
        rewrite(source, lambda b: b"/" + b)
        done = p.gc()
        expect([x["kept"] for x in done["images"] if x["record"] == p.built["record"]] == ["not all that it was made of is in the store"], "its image stays", done)
        with open(source, "wb") as f:
            f.write(good)
        expect(p.gc()["evicted"] == 1, "mended, it leaves")


def sources(context):
    """An import that is used stays; later it leaves, and is got again."""
    with Kept(context) as p:
        for name, text in (("up/add.c", "int add(int a, int b) { return a + b; }\n"), ("up/add.h", "int add(int, int);\n")):
            p.write(name, text)
        for words in (("init", "-q", "."), ("add", "-A"), ("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")):
            p.run("git", "-C", p.file("up"), *words)
        commit = p.git("rev-parse", "HEAD", directory=p.file("up")).strip()
        p.write("hello.c", HELLO)
        manifest = p.read("ukc.lua").decode()
        p.write("ukc.lua", manifest.replace("sources", f'imports = {{ git {{ name = "add", repository = "up", commit = "{commit}", sources = {{ "add.c" }}, include = {{ "." }} }} }},\n  sources', 1))
        p.built = p.build("--target", "posix", "--profile", "dev")
        [state] = glob.glob(os.path.join(p.store, "unpacked", "*.state"))
        copies = glob.glob(os.path.join(p.store, "unpacked", "?" * 40))
        expect(len(copies) == 1, "it is unpacked", copies)
        expect(p.gc("--keep", "0")["sources"] == [], "what was used today stays")
        expect("more than --keep says" in p.ukc("store", "gc", "--keep", "0").out and "--keep says" not in p.ukc("store", "gc", "--keep", "9G").out, "which is said")
        p.age(state)
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--quiet")
        expect(os.stat(state).st_mtime > OLD + 86400 and p.gc("--keep", "0")["sources"] == [], "configure has used it")
        p.age(state)
        done = p.gc("--older", "40d")
        expect(done["sources"] == [] and os.path.exists(state), "not old enough", done)
        p.age(state)
        expect(len(p.gc("--older", "20d", "--dry-run")["sources"]) == 1 and os.path.exists(state), "a dry run", state)
        done = p.gc("--older", "20d")
        expect(len(done["sources"]) == 1 and not os.path.exists(state) and not os.path.exists(copies[0]), "it leaves with its copy", done)
        p.sound()
        check_identical(p, p.built["record"], p.built)
        p.ukc("configure", "--target", "posix", "--profile", "dev", "--offline", "--quiet")
        expect(os.path.exists(state) and os.path.exists(copies[0]), "a local repository is asked again")


def tools(context):
    """ukc toolchain keep: where the tools are others, or not there at all, a record is reproduced with those that were kept."""
    with Kept(context) as p:
        record = p.built["record"]
        none = {"PATH": p.file("none")}
        r = p.ukc("reproduce", record, status=4, environment=none)
        expect("'clang-19' is not installed" in r.err and "apt-get install" in r.err, "without tools: what to install", r)
        expect("--tools=host" in r.err and "--tools=host" not in p.ukc("reproduce", record, "--tools=host", status=4, environment=none).err, "what was tried is not advised")
        r = p.ukc("toolchain", "keep", status=4, environment=none)
        expect("'clang-19' is not installed" in r.err, "they cannot be kept either", r)
        r = p.ukc("toolchain", "keep", directory="/", status=1)
        expect("no build of a project in this directory" in r.err, "of which project", r)
        bundle = os.path.join(p.top, "bundle")
        r = p.ukc("bundle", record, "--tools", "-o", bundle, status=4)
        expect("are not kept" in r.err and "ukc toolchain keep" in r.err and not os.path.exists(bundle), "what must be done before", r)
        r = p.ukc("toolchain", "lose", status=2)
        expect("there is 'ukc toolchain keep'" in r.err, "what there is", r)
        kept = p.ukc("toolchain", "keep", "--json").json
        expect(kept["new"] and kept["bytes"] > 100 << 20, "they are kept", kept)
        expect(not p.ukc("toolchain", "keep", record[:12], "--json").json["new"], "once")
        bundled = p.ukc("bundle", record, "--tools", "-o", bundle, "--json").json
        expect(bundled["tools"] == 1 and bundled["bytes"] > kept["bytes"], "they travel", bundled)
        there = {**none, "UKC_STORE": os.path.join(p.top, "there")}
        r = p.ukc("import", bundle, environment=there)
        expect("1 set of tools left out" in r.out and "--tools" in r.out, "programs of others are not taken unasked", r)
        p.ukc("reproduce", record, status=4, environment=there)
        r = p.ukc("import", bundle, "--tools", environment=there)
        expect("1 set of tools kept" in r.out, "they are taken", r)
        r = p.ukc("reproduce", record, "--json", environment=there, timeout=600)
        expect(r.json["identical"] and r.json["tools"] == "kept", "without a package of the tools, from the bundle alone", r)
        done = p.gc("--keep", "0", environment=none)
        expect(done["evicted"] == 1 and done["unnamed"] == 0, "with kept tools the image can be made again", done)
        r = p.ukc("reproduce", record, "-o", "again", environment=none, timeout=600)
        expect("the record's tools, which the store keeps" in r.out and "not shut in" not in r.err, "it is made with them, shut in", r)
        expect(p.run("sha256sum", "again").out.split()[0] == p.built["sha256"], "the very bytes", r)
        p.age(os.path.join(p.store, "toolchains"))
        expect(p.gc()["unnamed"] == 0 and p.ukc("reproduce", record, "--json", environment=none, timeout=600).json["tools"] == "kept", "they stay")
        p.sound()
        shutil.rmtree(os.path.join(p.store, "toolchains"))
        program = max(p.images(), key=lambda f: (os.stat(f).st_mode & 0o111, os.path.getsize(f)))
        flip(program)
        r = p.ukc("reproduce", record, status=6, environment=none)
        expect("is not what it was" in r.err and program in r.err, "a changed tool is not run", r)
        r = p.ukc("verify", "--deep", status=6)
        expect(f"'{program}'" in r.err and "of kept tools, does not have" in r.err and "ukc toolchain keep" in r.err, "and found", r)
        os.remove(program)
        expect("are not complete: 1 of " in p.ukc("verify", "--deep", status=4).err, "nor one that is gone passed over")
        r = p.ukc("reproduce", record, status=4, environment=none)
        expect("of the kept tools" in r.err and "is not in the store" in r.err, "one that is gone is named", r)
        expect(p.ukc("reproduce", record, "--json", timeout=600).json["tools"] == "recorded", "those of the machine are preferred")
        expect(p.ukc("toolchain", "keep", record[:12], "--json").json["new"], "kept again")
        flip(program)
        expect(p.ukc("toolchain", "keep", record[:12], "--json").json["new"], "one of the right size and other bytes is replaced")
        expect(p.ukc("verify", "--deep", "--json").json["tools"] == 1, "all is right")


def interrupted(context):
    """What a killed reproduce leaves is removed by the next, and nothing of one that runs."""
    with Kept(context) as p:
        work = {"TMPDIR": os.path.join(p.top, "tmp")}
        os.makedirs(work["TMPDIR"])
        for name in ("ukc-reproduce-mine", "ukc-reproduce-kept", "other"):
            os.makedirs(os.path.join(work["TMPDIR"], name, "x"))
        lock = open(os.path.join(work["TMPDIR"], "ukc-reproduce-mine", ".lock"), "w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen([str(context.ukc), "reproduce", p.built["record"]], env={**p.environment, **work}, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        while process.poll() is None and not glob.glob(os.path.join(work["TMPDIR"], "ukc-reproduce-??????", "build")):
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        expect(len(os.listdir(work["TMPDIR"])) == 4, "it left something", os.listdir(work["TMPDIR"]))
        p.ukc("reproduce", p.built["record"], environment=work, timeout=600)
        expect(sorted(os.listdir(work["TMPDIR"])) == ["other", "ukc-reproduce-kept", "ukc-reproduce-mine"], "that is gone, and nothing else", os.listdir(work["TMPDIR"]))


def damaged_pack(context):
    """What is damaged in a pack comes again by an import, and gc writes the pack anew with it."""
    with Kept(context) as p:
        git = ("git", "-C", os.path.join(p.store, "objects"))
        bundle, record = os.path.join(p.top, "bundle"), p.built["record"]
        p.ukc("bundle", record, "-o", bundle)
        p.gc()
        [pack] = glob.glob(os.path.join(p.store, "objects", "objects", "pack", "*.pack"))
        source = p.run(*git, "hash-object", "--no-filters", p.file("hello.c")).out.strip()
        [line] = [x.split() for x in p.run(*git, "verify-pack", "-v", pack).out.splitlines() if x.startswith(source)]
        os.chmod(pack, 0o644)
        with open(pack, "r+b") as f:
            f.seek(int(line[4]) + int(line[3]) - 6)  # the last bytes of what is deflated
            f.write(b"\xff\xff")
        r = p.ukc("verify", "--deep", status=6)
        expect(f"object {source} is damaged" in r.err and "(the file 'hello.c')" in r.err and f"'ukc bundle {record[:12]}'" in r.err, "named, and what to do", r)
        p.ukc("import", bundle)
        p.ukc("verify", "--deep")
        p.gc()
        expect(not glob.glob(os.path.join(p.store, "objects", "objects", "??")), "no object is twice")
        [other] = os.listdir(os.path.dirname(pack))[:1]
        expect(sorted(os.listdir(os.path.dirname(pack))) == sorted(f"{other.split('.')[0]}.{x}" for x in ("idx", "pack")) and not os.path.exists(pack), "one pack, never in place of another")
        p.sound()  # git reads packs first
        damaged_image(p, record)
        lost_pack(p)


def lost_pack(p):
    """Nothing of the repository can be read: the remedies, as they are said, bring all that another store has."""
    remote, tidy = os.path.join(p.top, "remote.git"), p.ukc("log", "--json").json
    p.run("git", "init", "--quiet", "--bare", remote)
    p.ukc("store", "push", remote)
    p.gc()
    [pack] = glob.glob(os.path.join(p.store, "objects", "objects", "pack", "*.pack"))
    os.chmod(pack, 0o644)
    os.truncate(pack, os.path.getsize(pack) // 2)
    r = p.ukc("verify", status=6)
    expect("'ukc store reindex' begin a new log" in r.err and "'ukc store pull' adds" in r.err, "it is said what to do", r)
    p.run("git", "-C", os.path.join(p.store, "objects"), "update-ref", "-d", "refs/ukc/log")
    p.ukc("store", "reindex", status=4)
    p.ukc("store", "pull", remote)
    p.ukc("verify")
    after = p.ukc("log", "--json").json
    expect([r["record"] for r in after] == [r["record"] for r in tidy], "all is there again", after)
    os.remove(p.built["image"])
    expect(p.ukc("reproduce", after[0]["record"], "--json", timeout=600).json["identical"], "whole")


def short_of(p, ukc):
    """Memory, room in a file, a standard output: the machine's trouble is no difference of the image, and is said."""
    record = p.built["record"]
    for shell, said in ((f"TMPDIR=/nonexistent exec '{ukc}' reproduce {record}", "TMPDIR names the directory"), (f"ulimit -v 200000; exec '{ukc}' reproduce {record}", "nothing was compared"), (f"ulimit -f 200; exec '{ukc}' reproduce {record}", "cannot"),
                        (f"exec '{ukc}' build --no-cache >&-", "cannot write the output: Bad file descriptor")):
        r = p.run("sh", "-c", shell, status=3)
        expect(said in r.err, "said, with status 3", r)
    expect(not p.read("build/posix/../lock"), "no file took the output's number")


def another_store(context):
    """What this store has no record of is recorded, though there is nothing to build; a store behind a link is measured."""
    with Kept(context) as p:
        expect(p.ukc("build", "--json").json["record"] == p.built["record"], "nothing to do")
        first, p.environment["UKC_STORE"] = p.store, os.path.join(p.top, "another")
        expect(p.ukc("build", "--json").json["record"] == p.built["record"], "the same record")
        expect([r["record"] for r in p.ukc("log", "--json").json] == [p.built["record"]], "which this store has")
        p.ukc("verify", "--deep")
        shutil.rmtree(p.environment["UKC_STORE"])
        p.ukc("build", "--quiet")
        expect(len(p.ukc("log", "--json").json) == 1, "it was removed: again")
        short_of(p, str(context.ukc))
        os.symlink(first, os.path.join(p.top, "link"))
        p.environment["UKC_STORE"] = os.path.join(p.top, "link")
        done = p.gc("--dry-run", "--keep", "1M")
        expect(done["before"] > 1 << 20 and done["evicted"] == 1, "the link's own bytes are not the store's", done)


def damaged_image(p, record):
    """Said wherever it is looked at; what brings it back does."""
    p.ukc("reproduce", record, "--quiet", timeout=600)
    [image] = p.images()
    flip(image)
    remedy = f"'ukc reproduce {record[:12]}' makes it again and puts it right"
    for words in (("verify", "--deep"), ("export", record, "--format", "omnibor")):
        r = p.ukc(*words, status=6)
        expect(f"the image of record {record[:12]}" in r.err and remedy in r.err, "whose it is, and what to do", r)
    r = p.ukc("bundle", record, "--images", "-o", "images", status=6)
    expect("'ukc verify --deep' says what it is of" in r.err and not os.path.exists(p.file("images")), "it goes nowhere", r)
    expect("stored     damaged: 'ukc reproduce'" in p.ukc("show", record).out and not p.ukc("show", record, "--json").json["stored"], "it is said")
    expect(p.ukc("reproduce", record, "--json", timeout=600).json["identical"], "it is all there")
    p.ukc("verify", "--deep")


def full_disk(context):
    """Without a byte of room all that reads works, and gc makes room."""
    if os.getuid() != 0:
        raise harness.Skip("needs root to mount a small tmpfs")
    with Kept(context) as p:
        image, small = p.built["image"], p.file("small")
        os.makedirs(small)
        p.run("mount", "-t", "tmpfs", "-o", "size=24m", "none", small)
        try:
            shutil.copytree(p.store, os.path.join(small, "store"))
            p.environment["UKC_STORE"] = os.path.join(small, "store")
            filler = os.path.join(small, "filler")
            fill(filler)
            for words in (("log",), ("show", image), ("verify", "--deep"), ("store", "reindex"), ("export", image, "-o", "exported"), ("bundle", image, "-o", "bundle")):
                p.ukc(*words)
            r = p.ukc("export", image, "-o", os.path.join(small, "exported"), status=3)
            expect("No space left" in r.err and r.err.count("error:") == 1, "what writes says why not", r)
            r = p.ukc("store", "gc", "--json")
            expect(r.json["evicted"] == 1 and r.json["packed"] == 0 and "they cannot be packed" in r.err, "room is made", r)
            os.remove(filler)
            expect(p.gc()["packed"] > 100, "and later the rest")
            p.ukc("verify", "--deep")
        finally:
            subprocess.run(["umount", small], check=False)


def killed(context):
    """kill -9 at any moment of gc, and gc beside builds: what is recorded is there, and the next run works."""
    with Kept(context) as p:
        count = 200 if context.long else 6
        chance = random.Random(os.environ.get("UKC_SEED", "1"))
        for k in range(count):
            expect(not p.images() or p.gc()["evicted"] <= 1, "it works")
            os.remove(p.built["image"])
            p.write("hello.c", p.read("hello.c").decode() + f"\n// {k}\n")
            beside = subprocess.Popen([str(context.ukc), "store", "gc", "--quiet"], cwd=p.path, env=p.environment, stdin=subprocess.DEVNULL) if k % 2 else None
            p.ukc("build", "--quiet")
            expect(not beside or beside.wait(60) == 0, "both end well")
            p.put_object(b"%d" % k)
            for path in glob.glob(os.path.join(p.store, "objects", "objects", "??", "*")):
                os.utime(path, (OLD, OLD))
            process = subprocess.Popen([str(context.ukc), "store", "gc", "--quiet"], cwd=p.path, env=p.environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(chance.random() * (0.25 if k else 0.8))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            expect(process.wait() in (0, -9), "it is killed, or done")
            log = p.ukc("log", "--json", "--limit", "1000").json
            expect(len(log) == k + 2, "every record is there", log)
            p.ukc("verify")
        p.gc()
        p.sound()
        expect(not glob.glob(os.path.join(p.store, "objects", "objects", "pack", "pack_*")), "nothing half is left")
        p.ukc("reproduce", p.ukc("log", "--json").json[0]["record"], "--quiet", timeout=600)


def tests(context):
    harness.need("git")
    yield "images", lambda: images(context)
    yield "unnamed", lambda: unnamed(context)
    yield "sources", lambda: sources(context)
    yield "tools", lambda: tools(context)
    yield "interrupted", lambda: interrupted(context)
    yield "damaged pack", lambda: damaged_pack(context)
    yield "another store", lambda: another_store(context)
    yield "full disk", lambda: full_disk(context)
    yield "killed", lambda: killed(context)
