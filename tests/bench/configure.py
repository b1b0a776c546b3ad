"""configure and build of homepage: cold, and with nothing changed. After an edit: edits.py."""

import os
import statistics
import subprocess
import time

from lib.project import Project


def timed(p, *argv):
    start = time.monotonic()
    p.run(*argv)
    return 1000 * (time.monotonic() - start)


def median(p, n, *argv):
    return statistics.median(timed(p, *argv) for _ in range(n))


def measure(context):
    n = 5 if context.quick else 21
    with Project(context) as p:
        p.copy("examples/homepage")
        configure = [context.ukc, "configure", "--target", "posix"]
        yield f"configure, cold:               {timed(p, *configure):7.1f} ms (libclang parses every header)"
        yield f"configure, nothing changed:    {median(p, n, *configure):7.1f} ms (aim: under 50)"
        yield f"the same of 'true':            {median(p, n, 'true'):7.1f} ms (what starting a process costs here)"
        yield f"build, first:                  {timed(p, context.ukc, 'build'):7.1f} ms"
        ninja = median(p, n, "ninja", "-f", "build/posix/build.ninja", "-n")
        build = median(p, n, context.ukc, "build")
        yield f"build, nothing to do:          {build:7.1f} ms; ninja -n alone {ninja:.1f} ms; over it {build - ninja:.1f} ms (aim: under 20)"
        if os.path.exists("/usr/bin/perf"):
            r = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u", context.ukc, "configure", "--target", "posix", "-q"],
                               cwd=p.path, env=p.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            counts = [line.split(",")[0] for line in r.stderr.splitlines() if "instructions" in line]
            if counts and counts[0].isdigit():
                yield f"configure, nothing changed:    {int(counts[0]) / 1e6:7.1f} million instructions"
