"""a store of 100,000 records: what log, show and a build pay for it, in instructions; its size."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile

from lib.project import Project


def blob(data):
    return hashlib.sha256(b"blob %d\0" % len(data) + data).hexdigest()


def replace(text, name, value):
    return re.sub(rf"^{name} .*$", f"{name} {value}", text, count=1, flags=re.M)


def history(p, count):
    """For git fast-import: records like the one that is there, each of another recipe with another image, of fifty unikernels."""
    def git(*arguments):
        return subprocess.check_output(["git", "-C", os.path.join(p.environment["UKC_STORE"], "objects"), *arguments], text=True)

    record, recipe = git("cat-file", "blob", "refs/ukc/log:record"), git("cat-file", "blob", "refs/ukc/log:recipe")
    message = git("log", "-1", "--format=%B", "refs/ukc/log").strip() + "\n"
    tip = git("rev-parse", "refs/ukc/log").strip()
    for k in range(count):
        own_recipe = recipe.replace("environment ", f"environment A={k}\nenvironment ", 1)
        own = replace(replace(record, "recipe", blob(own_recipe.encode())), "image", hashlib.sha256(b"%d" % k).hexdigest() + " 70000")
        run = replace(replace(message, "record", blob(own.encode())), "unikernel", f"unikernel-{k % 50}")
        yield f"commit refs/ukc/log\ncommitter u <u@h> {1700000000 + k} +0000\ndata {len(run)}\n{run}\n" + (f"from {tip}\n" if k == 0 else "")
        for name, text in (("recipe", own_recipe), ("record", own)):
            yield f"M 100644 inline {name}\ndata {len(text)}\n{text}\n"
    yield "done\n"


def fill(p, count):
    """Both as git made them and the index as ukc does."""
    importer = subprocess.Popen(["git", "-C", os.path.join(p.environment["UKC_STORE"], "objects"), "fast-import", "--quiet", "--done", "--force"],
                                stdin=subprocess.PIPE, text=True)
    for part in history(p, count):
        importer.stdin.write(part)
    importer.stdin.close()
    if importer.wait():
        raise RuntimeError("git fast-import failed")
    p.ukc("store", "reindex", "--quiet", timeout=3000)


def instructions(p, *words):
    """Of one process: callgrind counts those of every function, and nothing else moves the number."""
    out = os.path.join(p.top, "callgrind")
    r = p.run("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(p.context.ukc), *words, timeout=1000)
    return int(re.search(r"Collected : (\d+)", r.err)[1])


def size(*paths):
    total = 0
    for path in paths:
        for directory, _, files in os.walk(path) if os.path.isdir(path) else [(os.path.dirname(path), [], [os.path.basename(path)])]:
            total += sum(os.lstat(os.path.join(directory, f)).st_size for f in files)
    return total


def counts(p, record):
    p.ukc("log")
    return {
        "log": instructions(p, "log"),
        "log of one unikernel": instructions(p, "log", "hello"),
        "show by a hash's beginning": instructions(p, "show", record[:10]),
        "a build with nothing to do": instructions(p, "build", "--quiet"),
    }


def packed_sources(p, store):
    """What git alone needs for the same files that the newest build read, packed."""
    with tempfile.TemporaryDirectory() as top:
        work, repository = os.path.join(top, "work"), os.path.join(top, "git")
        os.mkdir(work)
        for part in ("inputs", "host"):
            archive = subprocess.run(["git", "-C", os.path.join(store, "objects"), "archive", f"refs/ukc/log:{part}"], check=True, stdout=subprocess.PIPE)
            subprocess.run(["tar", "-xC", work], input=archive.stdout, check=True)
        git = ["git", f"--git-dir={repository}", f"--work-tree={work}", "-c", "user.name=u", "-c", "user.email=e"]
        for words in (["init", "-q"], ["add", "-A", "--force", "."], ["commit", "-qm", "x"], ["gc", "-q"]):
            subprocess.run([*git, *words], check=True, cwd=work)
        return size(os.path.join(repository, "objects"))


def measure(context):
    if not shutil.which("valgrind"):
        yield "valgrind is not installed"
        return
    many = 2000 if context.quick else 100000
    with Project(context) as p:
        store = p.environment["UKC_STORE"] = os.path.join(p.top, "store")
        p.copy("examples/hello")
        p.ukc("configure", "--target", "posix", "--profile", "dev")
        record = p.ukc("build", "--json").json["record"]
        objects = os.path.join(store, "objects")
        p.ukc("store", "gc", "--quiet")
        own = size(os.path.join(objects, "objects"))
        subprocess.run(["git", "-C", objects, "gc", "-q"], check=True)
        yield f"objects of one build, packed by ukc store gc: {own:,} bytes; by git gc {size(os.path.join(objects, 'objects')):,}"
        yield f"store of one build, packed: {size(objects):,} bytes; what it read in git alone {packed_sources(p, store):,}"
        one = counts(p, record)
        fill(p, many)
        full = counts(p, record)
        for what in one:
            yield f"{what + ':':<28} {one[what] / 1e6:7.1f} million instructions with 1 record, {full[what] / 1e6:7.1f} with {many:,} ({full[what] / one[what]:.2f})"
        listed = instructions(p, "log", "--limit", "1000")
        yield f"log of 1000:                 {listed / 1e6:7.1f} million instructions"
        yield f"index: {size(os.path.join(store, 'records.db')) / many:,.0f} bytes a record; repository: {size(objects) / many:,.0f}"
