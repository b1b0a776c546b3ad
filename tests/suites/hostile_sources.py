"""Sources that are wrong, broken or hostile: what ukc says, and that it keeps nothing of them.

Archives are made here and served by scripts in the place of apt-get and apt-helper; repositories are made with git.
"""

import hashlib
import io
import os
import signal
import stat
import subprocess
import tarfile
import time

from harness import need
from lib.project import Project, expect

ORDER = 45
SANITIZED = True

MAIN = """#include "console.h"
#include "add.h"
#include <stdio.h>

int sum_main(void)
{
    char line[32];
    int n = snprintf(line, sizeof line, "%d\\n", add(2, 3));
    return console_write(line, (size_t)n) < 0;
}
"""
FILES = {"add-1.0/src/add.c": "int add(int a, int b)\n{\n    return a + b;\n}\n", "add-1.0/src/include/add.h": "int add(int, int);\n",
         "add-1.0/README": "not kept\n"}
ARCHIVE = "pool/main/a/add/add_1.0.orig.tar.gz"
APT_GET = """#!/bin/sh
echo "apt-get $*" >> "$FAKE/log"
[ "$1" = indextargets ] && { echo http://archive/; exit; }
echo "E: You must put some 'deb-src' URIs in your sources.list" >&2
exit 100
"""
APT_HELPER = """#!/bin/sh
echo "apt-helper $*" >> "$FAKE/log"
while [ "$1" = -o ]; do shift 2; done
if [ -e "$FAKE/slow" ]; then cut -c1-10 "$FAKE/${2#http://}" > "$3" 2>/dev/null; touch "$FAKE/begun"; sleep 30; fi
cp "$FAKE/${2#http://}" "$3" 2>/dev/null || { echo "E: Failed to fetch" >&2; exit 100; }
"""


class Fakes(Project):
    def __init__(self, context):
        super().__init__(context)
        self.environment.update(UKC_STORE=os.path.join(self.top, "store"), FAKE=self.top, PATH=f"{self.top}/bin:{self.environment['PATH']}",
                                GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@example.org", GIT_COMMITTER_NAME="A",
                                GIT_COMMITTER_EMAIL="a@example.org")
        os.makedirs(os.path.join(self.top, "bin"))
        for name, text in (("apt-get", APT_GET), ("apt-helper", APT_HELPER)):
            with open(os.path.join(self.top, "bin", name), "w") as f:
                f.write(text)
            os.chmod(f.name, 0o755)
        self.write("sum.c", MAIN)

    def serve(self, content):
        """The bytes that the pool hands out; returns their SHA-256."""
        path = os.path.join(self.top, "archive", ARCHIVE)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
        return hashlib.sha256(content).hexdigest()

    def declare(self, sha256, fields="", archive=ARCHIVE):
        self.manifest(f'debian_source {{ package = "add", versions = {{ "1.0-1" }}, archive = {{ "{archive}" }}, sha256 = "{sha256}", keep = {{ "src" }}, '
                      f'sources = {{ "src/add.c" }}, include = {{ "src/include" }},{fields} }}')

    def manifest(self, declaration):
        self.write("ukc.lua", f'return unikernel "sum" {{ host_libc = true, -- and nothing else comes from elsewhere\n  sources = {{ "sum.c" }},\n  requires = {{ console = sig.console }},\n'
                              f"  imports = {{\n    {declaration},\n  }},\n}}\n")

    def store(self, *parts):
        return os.path.join(self.top, "store", *parts)

    def listing(self, *parts):
        path = self.store(*parts)
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def refused(self, status, *words, arguments=()):
        r = self.ukc("configure", "--profile", "dev", *arguments, status=status)
        for word in words:
            expect(word in r.err, f"'{word}' is said", r)
        expect("ukc.lua:" in r.err, "with a place", r)
        expect(not os.path.exists(self.file("ukc.lock")), "nothing is pinned")
        expect(self.listing("unpacked") == [] and self.listing("tmp") == [], "nothing is unpacked", self.listing("unpacked"), self.listing("tmp"))
        references = [f for _, _, files in os.walk(self.store("objects", "refs")) for f in files]
        expect(references == [], "nothing has a name in the store", references)
        return r

    def works(self):
        self.ukc("configure", "--profile", "dev")
        r = self.ukc("run")
        expect(r.out == "5\n", "the image has the imported function", r)
        expect(self.listing("tmp") == [], "no work is left over", self.listing("tmp"))


def tarball(extra=(), files=FILES):
    """A good archive, and entries that are not: (name, type, link)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
        for name, kind, link in extra:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, link
            tar.addfile(entry)
    return out.getvalue()


def archive(context):
    with Fakes(context) as p:
        p.declare(p.serve(tarball()))
        p.works()
        pins = [line.split() for line in p.read("ukc.lock").decode().splitlines() if line.startswith("pin ")]
        expect(len(pins) == 1 and pins[0][1:4] == ["debian_source", "add", "1.0"], "the lock pins the archive's tree", pins)
        os.remove(os.path.join(p.top, "archive", ARCHIVE))
        before = open(os.path.join(p.top, "log")).read()
        p.ukc("clean", "--all")
        p.works()
        expect(open(os.path.join(p.top, "log")).read() == before, "the second time nobody is asked")
        lock = p.read("ukc.lock").decode()
        p.write("ukc.lock", lock.replace(pins[0][7], "0" * 64))
        r = p.ukc("configure", status=6)
        expect("ukc.lock:" in r.err and "is pinned with SHA-256 0000" in r.err, "other files than the pinned ones are an integrity error", r)


def unknown_hash(context):
    """'?' is where ukc fetch says what a hash is; filled in, it is accepted."""
    need("dpkg-deb")
    with Fakes(context) as p:
        p.declare("12")
        r = p.ukc("fetch", status=1)
        expect("""it has 2 characters; with "?" in its place, 'ukc fetch' says what it is""" in r.err, "a bad hash names the remedy", r)
        actual = p.serve(tarball())
        p.declare("?")
        r = p.ukc("fetch", "--target", "posix", status=6)
        expect(f"it has {actual}" in r.err and "ukc.lua:" in r.err and '"?"' in r.err, "the archive's hash is told, at its place", r)
        p.refused(6, f"it has {actual}")
        p.declare(actual)
        p.works()
    with Fakes(context) as p:
        deb = "pool/main/a/add/libadd_1.0-1_all.deb"
        at = os.path.join(p.top, "archive", deb)
        os.makedirs(os.path.dirname(at))
        p.write("deb/DEBIAN/control", "Package: libadd\nVersion: 1.0-1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: adds\n")
        texts = {"usr/src/add.c": FILES["add-1.0/src/add.c"], "usr/src/add.h": FILES["add-1.0/src/include/add.h"]}
        for path, text in texts.items():
            p.write(f"deb/{path}", text)
        p.run("dpkg-deb", "--root-owner-group", "--build", "deb", at)
        declare = lambda package, source, header: p.manifest(
            f'debian {{ package = "libadd", versions = {{ "1.0-1" }}, pool = {{ ["{deb}"] = "{package}" }}, sources = {{ "usr/src/add.c" }},\n'
            f'      include = {{ "usr/src" }}, files = {{ ["usr/src/add.c"] = "{source}", ["usr/src/add.h"] = "{header}" }} }}')
        sums = [hashlib.sha256(text.encode()).hexdigest() for text in texts.values()]
        declare("?", "?", "?")
        with open(at, "rb") as f:
            package = hashlib.sha256(f.read()).hexdigest()
        p.refused(6, f"it has {package}")
        declare(package, "?", "?")
        p.refused(6, *(f"'{path}' of libadd 1.0-1 has SHA-256 {found}" for path, found in zip(texts, sums)))
        declare(package, *sums)
        p.works()


def wrong_hash(context):
    with Fakes(context) as p:
        actual = p.serve(tarball())
        p.declare("0123456789abcdef" * 4)
        r = p.refused(6, f"'{ARCHIVE}', as an archive of this system has it, does not have this SHA-256: it has {actual}", "note: nothing was kept")
        expect("no archive of this system has" not in r.err, "nothing contradicts that", r)


def no_network(context):
    """Not asked is not the same as not there."""
    with Fakes(context) as p:
        path = os.path.join(p.top, "bin", "apt-helper")
        for said in ("Temporary failure resolving 'archive'", "Could not connect to archive:80 (192.0.2.1). - connect (111: Connection refused)"):
            with open(path, "w") as f:
                f.write(f'#!/bin/sh\necho "E: Failed to fetch http://user:secret@archive/x  {said}" >&2\nexit 100\n')
            p.declare("0123456789abcdef" * 4)
            r = p.refused(3, f"none of this system's archives could be asked for '{ARCHIVE}': is there a network?")
            expect("no archive of this system has" not in r.err and "secret" not in r.err, "said as it is", r)


def missing_package(context):
    with Fakes(context) as p:
        p.declare("0123456789abcdef" * 4)
        p.refused(3, "the source archive of 'add' cannot be had", f"no archive of this system has '{ARCHIVE}'", "You must put some 'deb-src' URIs")
        p.refused(3, "'add' is not in the store", "ukc fetch", arguments=["--offline"])


def broken_archive(context):
    with Fakes(context) as p:
        good = tarball()
        for content in (good[: len(good) // 2], good[:-9], good[:30], b"", b"not an archive at all", good[:60] + b"\xff" * 40 + good[100:]):
            p.declare(p.serve(content))
            p.refused(6, "archive of 'add' is")
        p.declare(p.serve(good))
        p.works()


def hostile_archive(context):
    with Fakes(context) as p:
        victim = os.path.join(p.top, "victim")
        cases = [
            ("../../../../../../../../.." + victim, tarfile.REGTYPE, "", "it has a path with '..'"),
            (victim, tarfile.REGTYPE, "", "it has an absolute path"),
            ("add-1.0/src/out", tarfile.SYMTYPE, "../../..", "is a symbolic link that points out of its tree"),
            ("add-1.0/src/out", tarfile.SYMTYPE, "/etc/passwd", "is a symbolic link that points to an absolute path"),
            ("add-1.0/src/hard", tarfile.LNKTYPE, "/etc/passwd", "is a hard link to something that is no kept file"),
            ("add-1.0/src/null", tarfile.CHRTYPE, "", "is a device"),
            ("add-1.0/disk", tarfile.BLKTYPE, "", "is a device"),
            ("add-1.0/src/pipe", tarfile.FIFOTYPE, "", "is a device, a socket or a pipe"),
            ("add-1.0/src/add.c", tarfile.REGTYPE, "", "is there twice"),
            ("add-1.0/src/include", tarfile.SYMTYPE, "core", "is a file, and a directory of another file"),
            ("add-1.0/src/.git", tarfile.REGTYPE, "", "a git tree cannot hold the name '.git'"),
        ]
        for name, kind, link, message in cases:
            p.declare(p.serve(tarball([(name, kind, link)])))
            p.refused(6, message)
            expect(not os.path.lexists(victim), "and nothing was written elsewhere")
        p.declare(p.serve(tarball([("add-1.0/src/same.h", tarfile.SYMTYPE, "include/add.h"), ("add-1.0/out", tarfile.SYMTYPE, "/etc/passwd")])))
        p.works()
        unpacked = p.store("unpacked", [n for n in p.listing("unpacked") if "." not in n][0])
        expect(os.readlink(os.path.join(unpacked, "src/same.h")) == "include/add.h", "a link inside is kept")
        expect(sorted(os.listdir(unpacked)) == ["src"], "what is not kept may be anything", os.listdir(unpacked))


def repository(p, script):
    path = os.path.join(p.top, "upstream")
    p.run("sh", "-ec", f"rm -rf {path}; mkdir -p {path}/src/include; cd {path}; git init -q .; cat > src/add.c; {script}", directory=p.top)
    return p.run("git", "rev-parse", "HEAD", directory=path).out.strip()


def hostile_repository(context):
    need("git")
    with Fakes(context) as p:
        def use(script, fields=""):
            commit = repository(p, script)
            p.manifest(f'git {{ name = "add", repository = "../upstream", commit = "{commit}", keep = {{ "src" }}, sources = {{ "src/add.c" }}{fields} }}')

        commit = "git add -A && git commit -qm x"
        use("ln -s ../../../etc src/out && " + commit)
        p.refused(6, "'src/out' is a symbolic link that points out of its tree")
        use(f"{commit} && git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),src/deps && git commit -qm y")
        p.refused(1, "'src/deps' in 'add' is a submodule, and submodules are not fetched")
        use(commit)
        path = os.path.join(p.top, "upstream", ".git", "objects")
        id = p.run("git", "rev-parse", "HEAD:src/add.c", directory=os.path.dirname(path)).out.strip()
        loose = os.path.join(path, id[:2], id[2:])
        content = open(loose, "rb").read()
        os.chmod(loose, stat.S_IRUSR | stat.S_IWUSR)
        with open(loose, "wb") as f:
            f.write(content[: len(content) // 2])
        begin = time.monotonic()
        p.refused(6, f"'src/add.c' cannot be read: object {id} is damaged: it is truncated")
        expect(time.monotonic() - begin < 30, "and soon")


def unfitting_patch(context):
    with Fakes(context) as p:
        p.write("fix.patch", "--- a/src/add.c\n+++ b/src/add.c\n@@ -1,4 +1,4 @@\n int add(int a, int b)\n {\n-    return a * b;\n+    return 0;\n }\n")
        p.declare(p.serve(tarball()), ' patches = { "fix.patch" }')
        p.refused(1, "the patch 'fix.patch' does not fit 'src/add.c' at @@ -1,4 +1,4 @@: hunk at line 1 did not apply", "nothing was kept")
        p.write("fix.patch", "--- a/../../x\n+++ b/../../x\n@@ -0,0 +1 @@\n+x\n")
        p.refused(1, "the patch 'fix.patch' names '../../x'")


def killed(context):
    """Killed while it downloads: the next one works, and finds nothing half-done."""
    with Fakes(context) as p:
        p.declare(p.serve(tarball()))
        open(os.path.join(p.top, "slow"), "w").close()
        child = subprocess.Popen([str(context.ukc), "configure", "--profile", "dev"], cwd=p.path, env=p.environment, start_new_session=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = os.path.join(p.top, "begun")
        deadline = time.monotonic() + 30
        while not os.path.exists(begun) and time.monotonic() < deadline:
            time.sleep(0.02)
        expect(os.path.exists(begun), "the download has begun")
        expect(p.listing("tmp") != [], "it works in tmp/")
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(10)
        os.remove(os.path.join(p.top, "slow"))
        p.works()


def damaged_import(context):
    """verify --deep reads what was imported: a damaged object, and a right one that is another; what it says to do puts it right."""
    with Fakes(context) as p:
        p.declare(p.serve(tarball()))
        p.works()
        expect(p.ukc("verify", "--deep", "--json").json["imports"] == 1, "one import is looked at")
        git = ("git", "-C", p.store("objects"))
        reference, commit = p.run(*git, "for-each-ref", "--format=%(refname) %(objectname)", "refs/ukc/debian_source").out.split()
        blob = p.run(*git, "rev-parse", commit + ":src/add.c").out.strip()
        path = p.store("objects", "objects", blob[:2], blob[2:])
        os.chmod(path, 0o644)
        with open(path, "r+b") as f:
            f.seek(12)
            f.write(b"\xff")
        p.ukc("verify")
        r = p.ukc("verify", "--deep", status=6)
        expect(f"of '{reference}', imported into the store: 'src/add.c': object {blob} is damaged" in r.err and f"remove '{p.store('unpacked')}'" in r.err, "which file", r)
        p.run("rm", "-r", p.store("unpacked"))
        expect("is damaged and is fetched again" in p.ukc("configure", "--profile", "dev").err, "the remedy")
        p.ukc("verify", "--deep")
        blob = subprocess.run([*git, "hash-object", "-w", "--stdin"], input=b"int add(int a, int b) { return a - b; }\n", capture_output=True, check=True).stdout.decode().strip()
        listed = p.run(*git, "ls-tree", commit + ":src").out
        subtree = subprocess.run([*git, "mktree"], input="".join(f"100644 blob {blob}\tadd.c\n" if line.endswith("add.c") else line + "\n" for line in listed.splitlines()).encode(),
                                 capture_output=True, check=True).stdout.decode().strip()
        tree = subprocess.run([*git, "mktree"], input=f"040000 tree {subtree}\tsrc\n".encode(), capture_output=True, check=True).stdout.decode().strip()
        message = p.run(*git, "log", "-1", "--format=%B", commit).out.rstrip("\n") + "\n"
        p.run(*git, "update-ref", reference, p.run(*git, "commit-tree", tree, "-m", message).out.strip())
        r = p.ukc("verify", "--deep", status=6)
        expect("the list of its files has SHA-256" in r.err, "other files under its name", r)
        p.run(*git, "update-ref", reference, p.run(*git, "commit-tree", tree, "-m", "mine").out.strip())
        expect("it names a commit that ukc did not write" in p.ukc("verify", "--deep", status=6).err, "somebody else's commit")
        p.run("rm", "-r", p.store("unpacked"))
        p.ukc("configure", "--profile", "dev")
        p.ukc("verify", "--deep")


def damaged_store(context):
    with Fakes(context) as p:
        p.declare(p.serve(tarball()))
        p.works()
        good = os.path.join(p.top, "archive", ARCHIVE)
        os.rename(good, good + ".away")
        for directory, _, files in os.walk(p.store("objects", "objects")):
            for name in files:
                path = os.path.join(directory, name)
                os.chmod(path, 0o644)
                os.truncate(path, os.path.getsize(path) // 2)
        p.run("rm", "-rf", p.store("unpacked"))
        r = p.ukc("configure", "--profile", "dev", status=6)
        expect("the store's copy of 'add' is damaged, and it cannot be fetched again" in r.err, "said as it is", r)
        os.rename(good + ".away", good)
        r = p.ukc("configure", "--profile", "dev")
        expect("the store's copy of 'add' is damaged and is fetched again" in r.err, "and repaired when it can be", r)
        r = p.ukc("build", status=6)
        expect("of the log of builds" in r.err and "update-ref -d refs/ukc/log" in r.err, "the log is damaged too, and a build says how to go on", r)
        p.run("git", "-C", p.store("objects"), "update-ref", "-d", "refs/ukc/log")
        p.works()
        r = p.ukc("store", "reindex")
        expect(len(p.ukc("log", "--json").json) == 1 and "1 added to the log again, 0 gone" in r.out, "with a new log, and what was in the old one", r)


TESTS = [archive, unknown_hash, wrong_hash, no_network, missing_package, broken_archive, hostile_archive, hostile_repository, unfitting_patch, killed, damaged_import, damaged_store]


def tests(context):
    for test in TESTS:
        yield test.__name__, lambda test=test: test(context)
