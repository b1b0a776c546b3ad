"""resolve: processor time as the catalogue grows to 10,000 implementations of 1,000 signatures, 200 deep (aim: under 1 s)."""

import os
import subprocess


def measure(context):
    program = os.path.join(context.build, "tests", "bench", "bench-resolve")
    sizes = ["100", "1000"] if context.quick else ["100", "1000", "10000"]
    done = subprocess.run([program, *sizes], stdout=subprocess.PIPE, text=True, timeout=300, check=True)
    yield from done.stdout.splitlines()
