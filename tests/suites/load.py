"""The manifest loader, fuzzed: no crash, no manifest without a report or the other way round."""

import os
import shlex

from lib.project import Project

SECONDS = 800
FLAGS = ["-std=gnu2x", "-D_GNU_SOURCE", '-DUKC_VERSION="0.1.0"', "-g", "-O1", "-fsanitize=fuzzer,address,undefined",
         "-fno-sanitize-recover=undefined"]


def fuzz(context):
    with Project(context) as p:
        libraries = shlex.split(p.run("pkg-config", "--cflags", "--libs", "lua5.4", "libcrypto").out)
        sources = [str(f) for folder in ("ukc/load", "ukc/base") for f in sorted((context.root / folder).glob("*.c"))]
        p.run("clang-19", *FLAGS, str(context.root / "tests/fuzz/fuzz_load.c"), *sources, *libraries, "-lm", "-o", p.file("fuzz"), timeout=300)
        os.mkdir(p.file("found"))
        seconds = 300 if context.long else 15
        p.run(p.file("fuzz"), f"-max_total_time={seconds}", "-max_len=4096", "-rss_limit_mb=2048", "-timeout=20", p.file("found"),
              str(context.root / "tests/fuzz/corpus/load"), timeout=seconds + 120)


def tests(context):
    yield "fuzz", lambda: fuzz(context)
