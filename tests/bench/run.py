#!/usr/bin/env python3
"""./bootstrap bench: every figure, with what stands beside it.  Benchmarks never fail a test run: they measure.

Each tests/bench/<name>.py has measure(context) that yields lines of text.  Programs in C are built by Meson as
bench-<name>.  Machines are shared: figures are ratios, counts or medians; one absolute time proves nothing.
"""

import argparse
import importlib
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]


class Context:
    def __init__(self, root, build, quick):
        self.root, self.build, self.quick = root, build, quick
        self.ukc = os.path.join(build, "ukc")


def main():
    names = sorted(f[:-3] for f in os.listdir(HERE) if f.endswith(".py") and f != "run.py")
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("names", nargs="*", metavar="NAME", help="of " + ", ".join(names))
    p.add_argument("--quick", action="store_true", help="smaller counts")
    options = p.parse_args()
    unknown = set(options.names) - set(names)
    if unknown:
        p.error(f"no benchmark {', '.join(sorted(unknown))}")
    root = os.path.dirname(os.path.dirname(HERE))
    context = Context(root, os.path.join(root, "build"), options.quick)
    failed = 0
    for name in options.names or names:
        module = importlib.import_module(name)
        if not hasattr(module, "measure"):
            continue
        print(f"== {name}: {(module.__doc__ or '').strip().splitlines()[0]}")
        start = time.monotonic()
        try:
            for line in module.measure(context):
                print("  " + line, flush=True)
        except Exception as e:  # a benchmark that cannot run must not hide the others
            failed += 1
            print(f"  could not be measured: {type(e).__name__}: {e}")
        print(f"  ({time.monotonic() - start:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
