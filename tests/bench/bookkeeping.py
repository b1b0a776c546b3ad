"""what recording costs a build: CPU time beside ninja alone on the same commands; what the cache saves; reproduce beside the first build; a large source tree."""

import os
import random
import re
import shutil
import subprocess
import time

from lib.project import Project, copy_store
from records import instructions, size


def cpu(p, *argv):
    """CPU seconds of a program and all that it starts, and its largest resident set in KiB: what other work there is on the machine changes little."""
    process = subprocess.Popen([str(x) for x in argv], cwd=p.path, env=p.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.stderr.close()
    if status:
        raise RuntimeError(f"{argv[0]} {argv[1]} ended with {status}: {said.decode(errors='replace')}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss


def least(n, before, p, *argv):
    times = []
    for _ in range(n):
        before()
        times.append(cpu(p, *argv)[0])
    return min(times)


def clean_of(p, target):
    """All that ninja made; what configure wrote stays, and ninja's log, without which it would call configure again."""
    build = p.file("build", target)
    kept = ("gen", "cache", "root")

    def clean():
        for name in os.listdir(build):
            path = os.path.join(build, name)
            if os.path.isdir(path) and not os.path.islink(path) and name not in kept:
                shutil.rmtree(path)
            elif name in ("audit.state", "image.state", "inputs.state"):
                os.remove(path)
        for name in ("hello", "homepage"):
            for suffix in ("", ".d", ".map", ".debug"):
                if os.path.isfile(os.path.join(build, name + suffix)):
                    os.remove(os.path.join(build, name + suffix))
    return clean


def forget_objects(p):
    """All entries of the store's cache but the C library and what the tools are."""
    actions = os.path.join(p.environment["UKC_STORE"], "actions")
    for entry in os.scandir(actions):
        with open(entry.path, "rb") as f:
            if entry.name != "lock" and entry.stat().st_size < 1 << 20 and b"\nukc-tools 1\n" not in f.read():
                os.unlink(entry.path)


def alone_file(p, target):
    """build.ninja without ukc in front of the compiler."""
    path = f"build/{target}/alone.ninja"
    text = p.read(f"build/{target}/build.ninja").decode()
    p.write(path, re.sub(r"^compile = .*", "compile =", text, count=1, flags=re.M))
    return path


def one(context, example, target, profile, n):
    with Project(context) as p:
        p.environment["UKC_STORE"] = os.path.join(p.top, "store")
        copy_store(context, p.environment["UKC_STORE"])
        p.copy(f"examples/{example}")
        p.ukc("configure", "--target", target, "--profile", profile)
        p.ukc("build", timeout=3000)  # the C library is in the store now, and the tools' hashes are known
        ninja, clean = ["ninja", "-f", alone_file(p, target)], clean_of(p, target)

        def first():
            clean()
            forget_objects(p)
        alone, ours, taken = least(n, clean, p, *ninja), least(n, first, p, context.ukc, "build", "--quiet"), least(n, clean, p, context.ukc, "build", "--quiet")
        nothing, both = least(5, lambda: None, p, context.ukc, "build", "--quiet"), least(5, lambda: None, p, "ninja", "-f", f"build/{target}/build.ninja")
        record = p.ukc("log", "--json").json[0]["record"]
        again = least(n, lambda: None, p, context.ukc, "reproduce", record, "--quiet")
        what = f"{example} for {target}, {profile}:"
        yield f"{what:<32} ninja alone {alone:6.2f} s of CPU, ukc build {ours:6.2f} ({100 * (ours - alone) / alone:+.1f} %; aim: under 5), {taken:.2f} with the objects of the one before, reproduce {again:6.2f} ({again / ours:.2f})"
        yield f"{what:<32} nothing to do: ninja {1000 * both:.0f} ms of CPU, ukc build {1000 * nothing:.0f} ({1000 * (nothing - both):+.0f} ms; aim: under 20)"


def make_tree(p, files, mean):
    """A repository with so many files of words, and add.c."""
    up, chance, words = p.file("up"), random.Random(1), [f"{k:x}" for k in range(5000)]
    os.mkdir(up)
    total = 0
    for k in range(files):
        directory = os.path.join(up, f"d{k // 500}")
        os.makedirs(directory, exist_ok=True)
        text = " ".join(chance.choices(words, k=mean // 5))
        total += len(text)
        with open(os.path.join(directory, f"f{k}.h"), "w") as f:
            f.write(text)
    for name, text in (("add.c", "int add(int a, int b) { return a + b; }\n"), ("add.h", "int add(int, int);\n")):
        with open(os.path.join(up, name), "w") as f:
            f.write(text)
    git = ["git", "-C", up, "-c", "user.name=u", "-c", "user.email=e", "-c", "gc.auto=0"]  # of so many files a commit begins a gc of its own
    for more in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"], ["gc", "-q"]):
        subprocess.run([*git, *more], check=True)
    return total, size(os.path.join(up, ".git", "objects")), subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()


HELLO = """#include "add.h"
#include "console.h"

int hello_main(void)
{
    return console_write("12345", (size_t)add(2, 3));
}
"""


def large_tree(context, files, mean):
    with Project(context) as p:
        store = p.environment["UKC_STORE"] = os.path.join(p.top, "store")
        p.copy("examples/hello")
        total, packed, commit = make_tree(p, files, mean)
        p.write("hello.c", HELLO)
        p.write("ukc.lua", p.read("ukc.lua").decode().replace(
            "sources", f'imports = {{ git {{ name = "add", repository = "up", commit = "{commit}", sources = {{ "add.c" }}, include = {{ "." }} }} }},\n  sources', 1))
        begun = time.monotonic()
        used, memory = cpu(p, context.ukc, "configure", "--target", "posix", "--profile", "dev", "--quiet")
        yield f"a source tree of {total / 2**20:,.0f} MiB, {files:,} files: imported with {used:.0f} s of CPU, {memory / 1024:,.0f} MiB of memory ({time.monotonic() - begun:.0f} s)"
        used, memory = cpu(p, context.ukc, "build", "--quiet")
        yield f"its first build: {used:.1f} s of CPU, {memory / 1024:,.0f} MiB; with nothing to do {1000 * least(3, lambda: None, p, context.ukc, 'build', '--quiet'):.0f} ms"
        record = p.ukc("log", "--json").json[0]["record"]
        for words in (("log",), ("show", record), ("explain", "add"), ("reproduce", record, "--quiet")):
            used, memory = cpu(p, context.ukc, *words)
            yield f"ukc {words[0]}: {1000 * used:.0f} ms of CPU, {memory / 1024:,.0f} MiB" + (f", {instructions(p, *words) / 1e6:.1f} million instructions" if words[0] in ("log", "show") and shutil.which("valgrind") else "")
        objects = os.path.join(store, "objects", "objects")
        loose = size(objects)
        for path, _, names in os.walk(objects):
            for name in names:
                os.utime(os.path.join(path, name), (1, 1))
        used, memory = cpu(p, context.ukc, "store", "gc", "--quiet")
        yield f"the store's objects: {loose:,} bytes, after ukc store gc {size(objects):,} ({used:.0f} s of CPU, {memory / 1024:,.0f} MiB); the sources in git, after git gc, {packed:,}"


def measure(context):
    n = 2 if context.quick else 5
    for example, target, profile in (("hello", "posix", "dev"), ("homepage", "kvm", "release")):
        yield from one(context, example, target, profile, n)
    yield from large_tree(context, *((1500, 20000) if context.quick else (63000, 20600)))  # just below a gibibyte, the most that is kept of a commit; a word and its space are 4.1 bytes
