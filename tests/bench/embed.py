"""embed: 10,000 files of 1 GiB in all become an object and an image, against ld -r -b binary and xxd -i."""

import os
import random
import resource
import shutil
import subprocess
import tempfile
import time

GIB = 1 << 30


def run(argv, cwd, stdout=subprocess.DEVNULL):
    """Seconds and peak memory in MiB of one process; None, None and its message when it fails."""
    start = time.monotonic()
    process = subprocess.Popen(argv, cwd=cwd, stdout=stdout, stderr=subprocess.PIPE)
    error = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        return None, None, (error.strip().splitlines() or ["no message"])[-1]
    return time.monotonic() - start, usage.ru_maxrss / 1024, ""


def make_files(directory, count, total):
    """Names in a few directories, sizes from one byte to several times the mean, contents that do not compress."""
    chance = random.Random(1)
    noise = chance.randbytes(1 << 20)
    weights = [chance.expovariate(1) for _ in range(count)]
    left, names = total, []
    scale = total / sum(weights)
    for n, weight in enumerate(weights):
        size = max(1, min(int(weight * scale), left)) if n < count - 1 else max(left, 1)
        left -= size
        name = f"d{n % 100:02}/page {n:05}.bin"
        os.makedirs(os.path.join(directory, f"d{n % 100:02}"), exist_ok=True)
        with open(os.path.join(directory, name), "wb") as f:
            while size > 0:
                start = chance.randrange(1 << 19)
                f.write(noise[start:start + min(size, 1 << 19)])
                size -= min(size, 1 << 19)
        names.append(name)
    return sorted(names)


def show(label, seconds, mib, error=""):
    if seconds is None:
        return f"{label:44} fails: {error[:100]}"
    return f"{label:44} {seconds:8.2f} s  {mib:8.0f} MiB at most"


def link(directory, objects, name):
    """A program that holds the objects: does a linker take them, and where do they end up?"""
    with open(os.path.join(directory, "main.c"), "w") as f:
        f.write(f'extern const unsigned char *const blob __asm__("{name}");\nint main(void) {{ return *(const unsigned char *volatile *)&blob == 0; }}\n')
    result = run(["clang-19", "-O2", "-fPIE", "-pie", "-fuse-ld=lld", "-Wl,--threads=1", "-Wl,--gc-sections", "main.c", *objects, "-o", "image"], directory)
    held = sum(os.path.getsize(os.path.join(directory, o)) for o in objects)
    if result[0] and os.path.getsize(os.path.join(directory, "image")) < 0.99 * held:
        return None, None, "the linker left the contents out"
    if result[0] and subprocess.run(["./image"], cwd=directory).returncode != 0:
        return None, None, "the program does not run"
    return result


def measure_ukc(context, directory, names, compress):
    with open(os.path.join(directory, "list"), "w") as f:
        f.write(f"ukc-embed 1\nsymbol pages.embed_blob\ncompress {compress}\ndirectory site\n" + "".join(f"file {n}\n" for n in names))
    return run([context.ukc, "embed", "--output", "ukc.o", "--list", "list"], directory)


def measure(context):
    count, total = (1000, GIB // 64) if context.quick else (10000, GIB)
    small = 4 << 20 if context.quick else 16 << 20
    directory = tempfile.mkdtemp(prefix="ukc-embed-", dir=os.environ.get("TMPDIR"))
    try:
        if shutil.disk_usage(directory).free < 6 * total:
            yield "not enough room for the files and three copies of them"
            return
        names = make_files(os.path.join(directory, "site"), count, total)
        yield f"{count} files, {total >> 20} MiB in all; files are in the page cache"
        yield show("ukc embed (hashes, index, types)", *measure_ukc(context, directory, names, "none"))
        yield show("  and linked by lld into a program", *link(directory, ["ukc.o"], "pages.embed_blob"))
        os.remove(os.path.join(directory, "ukc.o"))
        with open(os.path.join(directory, "arguments"), "w") as f:
            f.write("".join(f"'site/{n}'\n" for n in names))
        for linker in ("ld", "ld.lld-19"):
            yield show(f"{linker} -r -b binary (bytes only)", *run([linker, "-m", "elf_x86_64", "-r", "-b", "binary", "-o", "ld.o", "@arguments"], directory))
        with open(os.path.join(directory, "small"), "wb") as f:
            chance = random.Random(2)
            for _ in range(small >> 20): # in pieces: a child's peak begins with what its parent held
                f.write(chance.randbytes(1 << 20))
        with open(os.path.join(directory, "small.c"), "wb") as out:
            seconds, mib, error = run(["xxd", "-i", "small"], directory, out)
        yield show(f"xxd -i, {small >> 20} MiB", seconds, mib, error)
        compiled, peak, error = run(["clang-19", "-c", "-o", "small.o", "small.c"], directory)
        yield show("  and clang-19 -c of what it printed", compiled, peak, error)
        if seconds and compiled:
            factor = total / small
            yield (f"  scaled by size to {total >> 20} MiB: {(seconds + compiled) * factor:.0f} s, {peak * factor / 1024:.0f} GiB "
                   "(not run: time and memory grow with the size)")
        text = os.path.join(directory, "site", "text.html")
        with open(text, "w") as f:
            f.writelines(f"<p>line {n} of a page that compresses well</p>\n" for n in range(small // 48))
        for compress in ("gzip", "zstd"):
            yield show(f"ukc embed, twins by {compress}, {os.path.getsize(text) >> 20} MiB of HTML",
                       *measure_ukc(context, directory, ["text.html"], compress))
        yield f"(this process used {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB itself)"
    finally:
        shutil.rmtree(directory, ignore_errors=True)
