"""Instructions from the first to main, bytes and least memory of hello, an empty guest (the limit) and Linux.

Counted, not timed: QEMU emulates, and a plugin counts what its one processor executes.  Firmware is part of "from the first"; what the
image executes itself begins at its entry.  Wall time is the median of some runs, beside that of the empty guest.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
from guest import linux  # noqa: E402
from guest.qemu import Bench, Counts, Image, empty, entry, least, need, symbols  # noqa: E402
from lib.project import Project  # noqa: E402

MACHINES = ("q35", "microvm")
AIMS = {"bytes": 32 * 1024, "KiB of memory": 1126, "instructions of its own": 10_000}


def built(p, example, *options):
    """The example for kvm, as an Image whose events are its entry and main."""
    p.copy(f"examples/{example}")
    p.ukc("configure", "--target", "kvm", *options)
    path = p.file(p.ukc("build", "--json", timeout=800).json["image"])
    return Image(path, events=[f"at={entry(path)}", f"at={symbols(path + '.debug')['main']}"])


def wall(bench, image, machine, rounds):
    """Median, in ms, from QEMU's start to its end."""
    times = []
    for _ in range(rounds):
        start = time.monotonic()
        subprocess.run(bench.command(image, machine, "64M"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        times.append((time.monotonic() - start) * 1000)
    return statistics.median(times)



def boots(bench, hello, limit, rounds):
    for machine in MACHINES:
        status, said, counts = bench.end(hello, machine)
        if status != 33 or said.replace("\r", "") != "Hello, world.\n":
            raise RuntimeError(f"hello on {machine}: status {status}: {said}")
        floor = bench.end(limit, machine)[2]
        all_of_it, to_main = counts.now - counts[1], counts[2] - counts[1]
        yield (f"{machine}: hello is in main after {counts[2]:,} instructions, of which {to_main:,} are its own and the rest firmware's; "
               f"{all_of_it:,} of its own to its end, {all_of_it / AIMS['instructions of its own']:.2f} of the aim; an empty guest ends after {floor.now:,}")
        ours, theirs = (wall(bench, image, machine, rounds) for image in (hello, limit))
        yield f"{machine}: {ours:.0f} ms of QEMU from start to end, empty guest {theirs:.0f} ms: {ours / theirs:.2f} of it"


def least_to_boot(bench, image, machine):
    """With so much, and 8 and 16 KiB more: the firmware of q35 fails with some sizes in between."""
    return least(lambda kib: all(bench.ends_well(image, machine, f"{kib + more}K") for more in (0, 8, 16)), 1024, 8192, 8)


def memory(bench, hello, limit):
    for machine in MACHINES:
        ours, theirs = (least_to_boot(bench, image, machine) for image in (hello, limit))
        yield (f"{machine}: hello boots with {ours:,} KiB, {ours / AIMS['KiB of memory']:.2f} of the aim; "
               f"an empty guest with {theirs:,} KiB, less of which QEMU or its firmware do not start")


def linux_boots(bench, image):
    """Instructions to its first program."""
    count = os.path.join(bench.directory, "linux.count")
    with subprocess.Popen(bench.command(image, "q35", "256M", count=count), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 120
            while not (os.path.exists(count) and os.path.getsize(count) and Counts(count)[1]):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("the Linux guest does not boot")
                time.sleep(0.05)
            return Counts(count)[1]
        finally:
            process.kill()


def measure(context):
    need("qemu-system-x86_64", "cc", "clang-19", "ld.lld-19", "llvm-nm-19")
    context.sanitized = False
    with Project(context) as p, tempfile.TemporaryDirectory() as directory:
        bench, hello = Bench(directory), built(p, "hello")
        limit = Image(empty(directory))
        theirs = linux.guest(directory, {})
        yield (f"hello: {hello.size:,} bytes, {hello.size / AIMS['bytes']:.2f} of the aim; "
               f"Linux with nginx {theirs.size:,} bytes, {theirs.size / hello.size:,.0f} times as many")
        yield from boots(bench, hello, limit, 3 if context.quick else 9)
        yield from memory(bench, hello, limit)
        first = linux_boots(bench, theirs)
        yield f"q35: Linux executes the first instruction of its first program after {first:,}"
