"""From an edit of one C file of homepage to its image; beside it what nobody could leave out: that file compiled, and the image linked.

`ukc build` also looks for what changed, makes the module, describes and records what came out.  The two take turns, on the same machine, and so
their ratio means something; processes and instructions are counted, seconds are for information.
"""

import glob
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import time

from lib.project import Project

WAYS = {  # a name, and how it is configured
    "posix, --profile dev": ("posix", "--profile", "dev"), "the same, --sanitize": ("posix", "--profile", "dev", "--sanitize"),
    "posix, release": ("posix",), "kvm, release": ("kvm",),
}


class Cost:
    """Of a command and all that it starts, in ms: what passed, and what processors worked."""

    def __init__(self, p, argv, **options):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(argv, cwd=p.path, env=p.environment, stdout=subprocess.DEVNULL, check=True, timeout=800, **options)
        self.passed, after = 1000 * (time.monotonic() - start), resource.getrusage(resource.RUSAGE_CHILDREN)
        self.worked = 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


class Edited:
    """A project that is built, whose C file is changed again and again."""

    def __init__(self, context, p, target):
        self.context, self.p, self.count = context, p, 0
        self.source = p.read("homepage.c").decode()
        build = f"build/{target}/build.ninja"
        unit = next(u for u in json.loads(p.read(f"build/{target}/compile_commands.json")) if os.path.basename(u["file"]) == "homepage.c")
        self.compile = unit["command"]
        links = json.loads(p.run("ninja", "-f", build, "-t", "compdb", "-x", "link", "link_library").out)  # with what stands in files of arguments
        self.link = next(c["command"] for c in links if re.search(r"/homepage(\.elf)?$", c["output"]))

    def edit(self):
        self.count += 1
        self.p.write("homepage.c", self.source + f"\nstatic const int change_{self.count} __attribute__((used)) = {self.count};\n")

    def built(self, *before):
        self.edit()
        return Cost(self.p, [*before, str(self.context.ukc), "build", "--quiet"])

    def by_hand(self):
        """Compiled and linked as the build would: aside, so that it still has everything to do."""
        return self.aside(self.compile), self.aside(self.link)

    def aside(self, command):
        aside = re.sub(r"( -o | -MF |-Map=|--dependency-file=)\S*/", r"\1aside.", command)
        return Cost(self.p, ["sh", "-c", aside])

    def processes(self):
        """How many programs it starts, itself included."""
        trace = self.p.file("trace")
        self.built("strace", "-f", "-qq", "-e", "trace=execve", "-o", trace)
        return len(re.findall(r"(?m)execve\(.* = 0$|execve resumed>.* = 0$", self.p.read("trace").decode()))

    def instructions(self):
        """Of all of them; those of the compiler and of linkers alone."""
        self.built("valgrind", "--tool=callgrind", "--trace-children=yes", "--callgrind-out-file=/dev/null", f"--log-file={self.p.path}/counted.%p")
        sums = {"all": 0, "tools": 0}
        for name in glob.glob(self.p.file("counted.*")):
            text = open(name).read()
            count = sum(map(int, re.findall(r"Collected : (\d+)", text)))
            sums["all"] += count
            sums["tools"] += count * bool(re.search(r"Command: \S*/?(clang|ld\.lld|llvm)", text))
        return sums


def figures(name, e, rounds):
    pairs = [(e.built(), *e.by_hand()) for _ in range(rounds)]
    passed, worked = (statistics.median(getattr(build, what) for build, *_ in pairs) for what in ("passed", "worked"))
    compiled, linked = (statistics.median(pair[k].worked for pair in pairs) for k in (1, 2))
    ratio = statistics.median(build.worked / (c.worked + ln.worked) for build, c, ln in pairs)
    yield f"{name}: image after {passed:,.0f} ms, {worked:,.0f} ms of processors; compiling {compiled:,.0f} and linking {linked:,.0f}: {ratio:.2f} times these two"
    if shutil.which("strace"):
        yield f"{name}: {e.processes()} programs"


def measure(context):
    context.sanitized = False
    for name, words in WAYS.items():
        with Project(context) as p:
            p.copy("examples/homepage")
            p.ukc("configure", "--target", *words)
            p.ukc("build", timeout=800)
            e = Edited(context, p, words[0])
            yield from figures(name, e, 3 if context.quick else 11)
            if "dev" in words and "--sanitize" not in words and shutil.which("valgrind") and not context.quick:
                counts = e.instructions()
                yield (f"{name}: {counts['all'] / 1e6:,.0f} million instructions, {counts['tools'] / 1e6:,.0f} of them the compiler's and the linkers': "
                       f"{counts['all'] / counts['tools']:.2f} times these")
