#!/usr/bin/env python3
"""Compiles each public header by itself, included twice, under strict flags.

One line per failure, with the compiler's first words; then 'N passed, N failed'.
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from harness import ROOT, Failure

COMPILERS = ("gcc", "clang-19")
FLAGS = ["-std=gnu2x", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wshadow", "-Wmissing-prototypes", "-Wvla", "-Wstrict-prototypes",
         "-Werror", "-fsyntax-only"]
PATTERNS = ("ukc/**/*.h", "ninja/*.h", "provenance/*.h", "libs/include/**/*.h", "libs/signatures/*.h")
INCLUDE = ("libs/include", "libs/signatures")


def public_headers():
    return sorted({str(path.relative_to(ROOT)) for pattern in PATTERNS for path in ROOT.glob(pattern)})


def check(compiler, header):
    text = f'#include "{header}"\n' * 2
    include = [word for directory in (".", *INCLUDE) for word in ("-I", directory)]
    # a header that only the files beside it share may show the types of the library they wrap
    include += subprocess.run(["pkg-config", "--cflags", "lua5.4"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    done = subprocess.run([compiler, *FLAGS, *include, "-xc", "-"], input=text, cwd=ROOT, timeout=60, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Failure(done.stdout)


def rooms():
    """Rooms of ukc/ in the order of its README, each of which calls only those before it."""
    return re.findall(r"^\| \[(\w+)/\]", (ROOT / "ukc/README.md").read_text(), re.MULTILINE)


# The phases' printers and layouts know each other: a graph shows what a plan took, checks look where a build has its files.
SHARED = {("graph", "resolve"), ("check", "generate")}


def check_room(room):
    order = rooms()
    for path in sorted((ROOT / "ukc" / room).glob("*.[ch]")):
        for below in re.findall(r'^#include "\.\./(\w+)/', path.read_text(), re.MULTILINE):
            if below not in order[:order.index(room)] and (room, below) not in SHARED:
                raise Failure(f"ukc/{room}/{path.name} includes from ukc/{below}, which ukc/README.md has after it")


def main():
    def attempt(job):
        try:
            check(*job)
        except (Failure, OSError) as e:
            lines = [line for line in str(e).splitlines() if "error" in line] or str(e).splitlines() or ["failed"]
            return f"{job[0]} {job[1]}: {lines[0]}"

    jobs = [(compiler, header) for compiler in COMPILERS for header in public_headers()]
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(attempt, jobs))
    failures = [result for result in results if result]
    for failure in failures:
        print(failure)
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures or not results else 0


if __name__ == "__main__":
    sys.exit(main())
