"""Records go to other stores through a git remote: two logs become their union; whatever dies or lies on the way changes nothing."""

import glob
import os
import random
import re
import shutil
import signal
import subprocess
import time

import harness
from lib.project import expect, flip
from suites.provenance import Recorded

SECONDS = 600
SECONDS_LONG = 7200  # a thousand kills, and a build after each


class Shared(Recorded):
    """A store with a record, and an empty remote."""

    def __init__(self, context):
        super().__init__(context)
        self.remote = os.path.join(self.top, "remote.git")
        self.run("git", "init", "-q", "--bare", self.remote)

    def at(self, name, fresh=True):
        """Another store: empty, or a copy of the first."""
        path = os.path.join(self.top, name)
        if not fresh:
            shutil.copytree(self.store, path)
        return {"UKC_STORE": path}

    def build_again(self, environment):
        os.remove(self.built["image"])
        self.ukc("build", "--quiet", environment=environment)

    def log(self, environment=None):
        return self.ukc("log", "--json", environment=environment).json

    def there(self, *arguments, **options):
        return self.git(*arguments, directory=self.remote, **options).strip()


def there_and_back(context):
    with Shared(context) as p:
        record = p.built["record"]
        r = p.ukc("store", "pull", p.remote)
        expect(r.out.startswith("0 records, 0 runs") and "has no log of builds" in r.err, "an empty remote has nothing", r)
        r = p.ukc("store", "push", "../remote.git", "--json")
        expect(r.json["records"] == 1 and r.json["runs"] == 1, "the record goes there", r)
        said = p.run("git", "-C", p.remote, "fsck", "--full", "--strict")
        expect("error" not in said.err and "missing" not in said.out + said.err, "git finds the remote sound", said)
        tip = p.there("rev-parse", "refs/ukc/log")
        r = p.ukc("store", "push", p.remote)
        expect(r.out.startswith("0 records, 0 runs") and p.there("rev-parse", "refs/ukc/log") == tip, "again: nothing", r)
        other = p.at("other")
        r = p.ukc("store", "pull", "file://" + p.remote, environment=other)
        expect(r.out.startswith("1 record, 1 run "), "it comes from there", r)
        p.ukc("verify", "--deep", environment=other)
        expect(p.log(other) == p.log(), "the same log")
        r = p.ukc("reproduce", record, "--json", environment=other, timeout=600)
        expect(r.json["identical"], "from what was pulled", r)
        r = p.ukc("store", "push", p.remote, "--json", environment=other)
        expect((r.json["records"], r.json["runs"], r.json["reproductions"]) == (0, 0, 1), "that it was reproduced goes back", r)
        p.ukc("store", "pull", p.remote)
        expect(p.log()[0]["reproduced"] == 1 and p.log(other) == p.log(), "and is seen", p.log())
        expect(not os.path.exists(os.path.join(p.store, "exchange")), "the meeting place is gone")
        for name in glob.glob(os.path.join(other["UKC_STORE"], "records.db*")):
            os.remove(name)
        r = p.ukc("bundle", "--all", "-o", "none", environment=other, status=1)
        expect("'ukc store reindex' adds it" in r.err, "not all of them, and why", r)
        p.ukc("store", "pull", p.remote, environment=other)
        expect(p.log(other) == p.log(), "what died before its index had it is found when the next comes")


def two_at_once(context):
    """Nothing is lost, whoever comes second."""
    with Shared(context) as p:
        stores = [p.at(f"store-{k}", fresh=False) for k in range(3)]
        for s in stores:
            p.build_again(s)
        pushing = [subprocess.Popen([str(context.ukc), "store", "push", p.remote], cwd=p.path, env={**p.environment, **s}, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for s in stores]
        for process in pushing:
            said = process.communicate(timeout=120)[0]
            expect(process.returncode == 0, "each push ends well", said)
        everything = p.at("everything")
        p.ukc("store", "pull", p.remote, environment=everything)
        expect(p.log(everything)[0]["builds"] == 4, "all runs are there, the common one once", p.log(everything))
        for s in stores:
            p.ukc("store", "pull", p.remote, environment=s)
            expect(p.log(s)[0]["builds"] == 4, "the union", p.log(s))
        p.ukc("verify", environment=stores[0])
        p.ukc("bundle", "--all", "-o", "bundle", environment=everything)
        both = p.at("both")
        ways = [subprocess.Popen([str(context.ukc), *words], cwd=p.path, env={**p.environment, **both}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT) for words in (("import", "bundle"), ("store", "pull", p.remote))]
        for process in ways:
            said = process.communicate(timeout=120)[0]
            expect(process.returncode == 0, "both ways end well", said)
        count = p.git("rev-list", "--count", "refs/ukc/log", directory=os.path.join(both["UKC_STORE"], "objects"))
        expect(count == "4\n" and p.log(both) == p.log(everything), "and no run is in the log twice", count)


def dying(context):
    """A remote that dies in the middle, both ways; a server that is not there."""
    with Shared(context) as p:
        p.write("up", "#!/bin/sh\nfor last; do :; done\ncase $last in *receive*) head -c $CUT | eval \"$last\";; *) eval \"$last\";; esac\n")
        # cut off, the server has nobody to listen to either: one that waited for an answer would keep the connection
        p.write("down", "#!/bin/sh\nfor last; do :; done\n[ $CUT -gt 100000 ] && exec sh -c \"$last\"\nsh -c \"$last\" </dev/null | head -c $CUT\n")
        address = "ssh://nowhere" + p.remote
        for script in ("up", "down"):
            os.chmod(p.file(script), 0o755)
        up, down = ({"GIT_SSH_COMMAND": p.file(script), "GIT_SSH_VARIANT": "simple"} for script in ("up", "down"))
        for cut in (0, 300, 20000):
            r = p.ukc("store", "push", address, status=3, environment={**up, "CUT": str(cut)})
            expect("does not take the log" in r.err, "it is said", r)
            p.run("git", "-C", p.remote, "rev-parse", "-q", "--verify", "refs/ukc/log", status=1)
        p.ukc("store", "push", address, environment={**up, "CUT": "100000000"})
        for cut in (0, 60, 1000):
            other = p.at(f"other-{cut}")
            r = p.ukc("store", "pull", address, status=3, environment={**other, **down, "CUT": str(cut)})
            expect("cannot be read" in r.err or "cannot be taken" in r.err, "it is said", r)
            expect(p.log(other) == [], "nothing came")
        p.ukc("store", "pull", address, environment={**p.at("other"), **down, "CUT": "100000000"})
        for remote, status in (("/nowhere/at/all", 3), (p.path, 3), ("", 2), ("ssh://nowhere/x", 3)):
            p.ukc("store", "pull", remote, status=status, environment={"GIT_SSH_COMMAND": "false"})
        p.write("silent", "#!/bin/sh\ncase $* in *upload*) [ -z \"$LATER\" ] || { for last; do :; done; sh -c \"$last\" </dev/null | head -c $LATER; };; esac\nexec sleep 100\n")
        os.chmod(p.file("silent"), 0o755)
        for way, later in (("pull", ""), ("push", ""), ("pull", "200")):
            begun = time.monotonic()
            r = p.ukc("store", way, address, "--timeout", "1", status=3, environment={"GIT_SSH_COMMAND": p.file("silent"), "GIT_SSH_VARIANT": "simple", "LATER": later}, timeout=60)
            expect("nothing has come from the remote for 1 seconds" in r.err and "--timeout" in r.err and time.monotonic() - begun < 30, "a remote that hangs is given up", r)
        p.write("endless", "#!/bin/sh\nexec yes something >&2\n")
        os.chmod(p.file("endless"), 0o755)
        r = p.ukc("store", "pull", address, status=3, environment={"GIT_SSH_COMMAND": p.file("endless"), "GIT_SSH_VARIANT": "simple"}, timeout=60)
        expect("says more than anybody reads" in r.err, "nor listened to for ever", r)
        r = p.ukc("store", "pull", address, "--timeout", "0", status=2)
        expect("from 1 to 86400" in r.err, "what it may be", r)
        r = p.ukc("store", "push", status=2)
        expect("needs a remote" in r.err, "what is needed", r)
        r = p.ukc("store", "pull", p.remote, status=3, environment={"PATH": "/nowhere"})
        expect("apt-get install git" in r.err, "git is missing", r)


def hostile(context):
    """A remote that has something else than records: refused, and nothing is changed."""
    with Shared(context) as p:
        p.ukc("store", "push", p.remote)
        commit = p.there("rev-parse", "refs/ukc/log")
        tree = p.there("rev-parse", "refs/ukc/log^{tree}")
        message = p.there("log", "-1", "--format=%B", commit).replace("\nended ", "\nended 1") + "\n"  # another run

        def put(kind, contents, *arguments):
            r = subprocess.run(["git", "-C", p.remote, "hash-object", "-w", "-t", kind, "--literally", "--stdin", *arguments], input=contents,
                               capture_output=True, check=True, env=p.environment)
            return r.stdout.decode().strip()

        def entries(name):
            return subprocess.run(["git", "-C", p.remote, "cat-file", "tree", name], capture_output=True, check=True).stdout

        def offer(tree, message=message, parents=()):
            who = "ukc <ukc@x> 1 +0000"
            lines = [f"tree {tree}", *[f"parent {x}" for x in parents], f"author {who}", f"committer {who}", "", message]
            p.there("update-ref", "refs/ukc/log", put("commit", "\n".join(lines).encode()))

        def with_entry(name, mode, entry, contents=b"x", base=tree):
            """The tree with one entry more, where git sorts it."""
            return put("tree", entries(base) + f"{mode} {entry}".encode() + b"\0" + bytes.fromhex(put("blob", contents)))

        def with_input(contents):
            inputs = p.there("rev-parse", tree + ":inputs")
            old = bytes.fromhex(p.there("rev-parse", tree + ":inputs/hello.c"))
            new = put("tree", entries(inputs).replace(old, bytes.fromhex(put("blob", contents))))
            return put("tree", entries(tree).replace(bytes.fromhex(inputs), bytes.fromhex(new)))

        lies = {"another input": (with_input(b"int main(void) { return 1; }"), message, "inputs is not what it should be"),
                "more than the record": (with_entry("top", "100644", "zzz"), message, "something that the record does not"),
                "leads out": (with_entry("top", "100644", ".."), message, ""), "git's own": (with_entry("top", "100644", ".git"), message, ""),
                "an absolute name": (with_entry("top", "100644", "/etc/passwd"), message, ""), "a link": (with_entry("top", "120000", "zz", b"/etc"), message, "something"),
                "a run of nothing": (tree, "ukc-run 1\nrecord x\n", "not one that ukc writes"),
                "another record": (tree, message.replace(p.built["record"], "0" * 64), "record is not what it should be")}
        if context.long:
            lies["huge"] = (with_input(b"\0" * (257 << 20)), message, "larger than 256 MiB")
        before = p.log()
        for name, (bad, text, said) in lies.items():
            for parents in ((), (commit,)):
                offer(bad, text, parents)
                other = p.at("other")
                r = p.ukc("store", "pull", p.remote, status=None, environment=other)
                expect(r.status in (3, 6) and said in r.err and p.log(other) == [], f"{name}: refused", r)
            if said:
                expect(r.status == 6, f"{name}: it is not what it says", r)
            r = p.ukc("store", "pull", p.remote, status=None)
            expect(r.status in (3, 6) and p.log() == before, f"{name}: refused by a store that has the record", r)
            shutil.rmtree(os.path.join(p.top, "other"))
        p.ukc("verify", "--deep")
        offer(tree, "somebody's merge\n", (commit,))  # what is no run says nothing
        p.ukc("store", "pull", p.remote, environment=p.at("other"))


def large_inputs(context):
    """One of more than 16 MiB lies beside the repository, and is a reference of its own in a remote: damaged, gone or something else, here or there."""
    with Shared(context) as p:
        p.write("pages/big", random.Random(1).randbytes(17 << 20))
        p.write("ukc.lua", p.read("ukc.lua").decode().replace("console = sig.console", "console = sig.console, pages = sig.kv_ro")
                .replace("sources", 'choose = { pages = embed "pages" }, sources', 1))
        record = p.build("--target", "posix", "--profile", "dev")["record"]
        [large] = [b for b in glob.glob(os.path.join(p.store, "blobs", "*", "*")) if os.path.getsize(b) > 16 << 20 and not os.access(b, os.X_OK) and "".join(b.split("/")[-2:]) != p.ukc("log", "--json").json[0]["image"]]
        name, whole, bundle = "refs/ukc/files/" + "".join(large.split("/")[-2:]), open(large, "rb").read(), os.path.join(p.top, "bundle")
        p.ukc("bundle", record, "-o", bundle)

        def other(make):
            os.remove(large)
            make(large)

        damages = ((lambda: flip(large), 6, "does not have"), (lambda: other(os.mkfifo), 6, "(does not have|no file)"), (lambda: os.remove(large), 4, "is not"),
                   (lambda: other(lambda path: os.symlink(bundle, path)), 6, "(does not have|no file)"))
        for damage, deep, told in damages if context.long else damages[:2]:
            damage()
            r = p.ukc("verify", "--deep", status=deep)
            expect(large in r.err and "a large input" in r.err and "'ukc import' here, bring it back" in r.err, "named, and what to do", r)
            for command in (("reproduce", record), ("store", "push", p.remote)):
                r = p.ukc(*command, status=deep, timeout=60)
                expect(re.search(told, r.err) and "'ukc import' here" in r.err, "not believed", command, r)
            expect("stays" in p.ukc("store", "gc", timeout=60).out, "its image stays")
            p.ukc("import", bundle)
            p.ukc("verify", "--deep")
        flip(large)
        os.remove(p.file("build/posix/hello"))
        p.ukc("build")
        expect(open(large, "rb").read() == whole, "a build puts it right, too")
        os.remove(large)
        os.mkdir(large)
        expect("move it away" in p.ukc("verify", "--deep", status=6).err and "move it away" in p.ukc("import", bundle, status=3).err, "a directory")
        os.rmdir(large)
        p.ukc("import", bundle)
        p.ukc("store", "push", p.remote)
        there = p.there("rev-parse", name)
        lie = subprocess.run(["git", "-C", p.remote, "hash-object", "-w", "--stdin"], input=b"junk", capture_output=True, check=True).stdout.decode().strip()
        for change, status in ((("update-ref", name, lie), 6), (("update-ref", "-d", name), 4)):
            p.there(*change)
            r = p.ukc("store", "pull", p.remote, environment=p.at("new"), status=status)
            expect("'ukc store push' from a store that has it whole" in r.err, "nothing comes, and who can mend it is said", r)
            r = p.ukc("store", "push", p.remote)
            expect(r.out.startswith("0 records") and p.there("rev-parse", name) == there, "a push mends it", r)
        p.ukc("store", "pull", p.remote, environment=p.at("new"))
        p.ukc("verify", "--deep", environment=p.at("new"))


def killed(context):
    """kill -9 at any moment of build, push and pull: what is there is whole, and the next one works."""
    with Shared(context) as p:
        p.ukc("store", "push", p.remote)
        count = 334 if context.long else 4  # three kills each
        chance = random.Random(os.environ.get("UKC_SEED", "1"))

        def kill(limit, *arguments, environment=None):
            """True: it was killed."""
            process = subprocess.Popen([str(context.ukc), *arguments], cwd=p.path, env={**p.environment, **(environment or {})}, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                process.wait(chance.random() * limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            return process.wait() < 0

        def whole():
            p.ukc("store", "reindex", "--quiet")
            p.ukc("verify")
            return p.log()

        for k in range(count):
            builds = p.log()[0]["builds"]
            os.remove(p.built["image"])
            begun = time.monotonic()
            p.ukc("build", "--quiet")
            took = time.monotonic() - begun
            expect(p.log()[0]["builds"] == builds + 1, "a build is recorded", p.log())
            os.remove(p.built["image"])
            kill(took, "build")
            expect(whole()[0]["builds"] in (builds + 1, builds + 2), "all that was recorded is there", p.log())
            kill(took, "store", "push", p.remote)
            expect("error" not in p.run("git", "-C", p.remote, "fsck", "--full").err, "the remote is sound")
            p.ukc("build", "--quiet")
            p.ukc("store", "push", p.remote)
            other = p.at(f"other-{k}")
            kill(took, "store", "pull", p.remote, environment=other)
            expect(len(p.log(other)) in (0, 1), "the record or nothing", p.log(other))
            p.ukc("store", "pull", p.remote, environment=other)
            p.ukc("verify", environment=other)
            expect(p.log(other)[0]["builds"] == p.log()[0]["builds"], "nothing is lost", p.log(other), p.log())
            shutil.rmtree(os.path.join(p.top, f"other-{k}"))


def tests(context):
    harness.need("git")
    yield "there_and_back", lambda: there_and_back(context)
    yield "two_at_once", lambda: two_at_once(context)
    yield "dying", lambda: dying(context)
    yield "hostile", lambda: hostile(context)
    yield "large inputs", lambda: large_inputs(context)
    yield "killed", lambda: killed(context)
