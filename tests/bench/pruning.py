"""Bytes of each example on kvm, and what they would be without each kind of pruning.

The link is made again, aside, without one kind: unused sections are collected, functions that are the same are folded, the whole program is
optimised. What nobody calls is weighed by ukc itself (`ukc size --pruned`). What is switched off by keys: the suite pruned, with --long.
"""

import json
import os
import re

from lib.project import Project

EXAMPLES = ("hello", "rng", "vault", "two-ways", "squeeze", "counter", "homepage", "lookup", "bench-net", "two-networks",
            "small-services", "outside")
UNIKERNEL = {"small-services": ("echo",)}  # one of several
KINDS = {  # what the link does without
    "collecting sections": lambda c: c.replace("-Wl,--gc-sections", "-Wl,--no-gc-sections"),
    "folding": lambda c: c.replace("-Wl,--icf=safe", "-Wl,--icf=none"),
    "optimising the whole": lambda c: c + " -Wl,--lto-O0 -Wl,--lto-CGO2",
}


def linked_aside(p, command):
    """The size of the image that the link makes, stripped as ukc does."""
    aside = re.sub(r"( -o |-Map=|--dependency-file=)\S*/", r"\1aside.", command)
    out = re.search(r" -o (\S+)", aside)[1]
    p.run("sh", "-c", aside, timeout=800)
    p.run("llvm-objcopy-19", "--strip-all", out, "aside")
    return os.path.getsize(p.file("aside"))


def row(context, example):
    with Project(context) as p:
        p.copy(f"examples/{example}")
        words = UNIKERNEL.get(example, ())
        p.ukc("configure", *words, "--target", "kvm")
        image = p.ukc("build", *words, "--json", timeout=800).json["image"]
        name, size = os.path.basename(image), os.path.getsize(p.file(image))
        links = json.loads(p.run("ninja", "-f", os.path.join(os.path.dirname(image), "build.ninja"), "-t", "compdb", "-x", "link_library").out)
        link = next(c["command"] for c in links if c["output"].endswith(f"/{name}.elf"))
        same = linked_aside(p, link)
        without = [f"{linked_aside(p, change(link)) - same:+,} without {kind}" for kind, change in KINDS.items()]
        return f"{example}: {size:,} bytes; {p.ukc('size', '--pruned', '--json', image).json['pruned']:,} of code and data left out that nobody calls; " + ", ".join(without)


def measure(context):
    context.sanitized = False
    for example in ("hello", "homepage") if context.quick else EXAMPLES:
        yield row(context, example)
