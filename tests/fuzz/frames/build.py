#!/usr/bin/env python3
"""Builds a fuzzer of the stack's frame input: build.py UKC CATALOGUE DIRECTORY static|dynamic [FLAG...]

ukc configures the image; its build file, changed so that it makes a shared object with what libFuzzer needs, builds it.
DIRECTORY/fuzz is then the fuzzer, and DIRECTORY/image.so the image that it loads.
"""

import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DRIVER = ["driver.c", "mutate.c", "world.c", "steps.c", "build.c", "peers.c", "packet.c"]
COMMON = ["link=switch", "net=native", "stack.memory=4MiB"]
VARIANTS = {
    # the heap's red zones and quarantine around each piece of memory; fixed addresses
    "static": ["half_open=6"],
    # the arena as it is, few connections and small buffers; addresses from DHCP and from routers
    "dynamic": ["ipv4=dhcp", "ipv6=slaac", "hostname=frames", "timestamps=true", "window_scaling=false", "connections=12", "half_open=3",
                "window=18432", "send_buffer=18432", "datagrams=8192"],
}


def run(*argv, cwd):
    subprocess.run([str(a) for a in argv], cwd=cwd, check=True)


def changed(build, variant, flags):
    """The build file for a fuzzer."""
    def replace(pattern, by, text):
        new, count = re.subn(pattern, by, text, flags=re.M)
        if count == 0:
            raise SystemExit(f"build.ninja is not as expected: nothing matches {pattern}")
        return new
    build = replace(r"^(profile_flags = .*)$", r"\1 -fsanitize=fuzzer-no-link -fno-sanitize-coverage=stack-depth " + " ".join(flags), build)
    build = replace(r"^(target_flags = .*)-fPIE", r"\1-fPIC", build)
    build = replace(r"^(link_flags = .*)-pie", r"\1-shared " + " ".join(flags), build)
    if variant == "static":
        build = replace(r"build/posix/root/libs\.lwip/arena\.c", "arena.c", build)
    return build


def main(ukc, catalogue, directory, variant, *flags):
    work = os.path.join(directory, "work")
    shutil.copytree(HERE, work, dirs_exist_ok=True, ignore=shutil.ignore_patterns("corpus", "__pycache__"))
    settings = [w for s in COMMON + VARIANTS[variant] for w in ("--set", s)]
    run(ukc, "configure", "--quiet", "--catalogue", catalogue, "--target", "posix", "--profile", "dev", "--sanitize", *settings, cwd=work)
    with open(os.path.join(work, "build/posix/build.ninja")) as f:
        build = changed(f.read(), variant, flags)
    with open(os.path.join(work, "build/posix/fuzz.ninja"), "w") as f:
        f.write(build)
    run("ninja", "--quiet", "-f", "build/posix/fuzz.ninja", "build/posix/fuzz-frames", cwd=work)
    shutil.copy(os.path.join(work, "build/posix/fuzz-frames"), os.path.join(directory, "image.so"))
    sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-g", "-O1"]
    objects = []
    for source in DRIVER:
        objects.append(os.path.join(directory, source[:-1] + "o"))
        run("clang-19", "-std=gnu2x", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wshadow", "-Wmissing-prototypes", "-Wvla", "-Werror", *sanitize,
            f"-DFRAMES_DYNAMIC={int(variant == 'dynamic')}", "-I", os.path.join(catalogue, "libs/include"), "-c", source, "-o", objects[-1], cwd=work)
    run("clang-19", *sanitize, "-fsanitize=fuzzer", "-rdynamic", *flags, *objects, "-o", os.path.join(directory, "fuzz"), cwd=work)


if __name__ == "__main__":
    main(*map(os.path.abspath, sys.argv[1:4]), *sys.argv[4:])
