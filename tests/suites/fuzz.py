"""Fuzzers at the borders of the compiler and the runtime: manifests, lock files, and what else has a tests/fuzz/fuzz_NAME.c.

Each is built with libFuzzer, ASan and UBSan, and started on its corpus: with --long for ten minutes from a random
seed, else always from the same one, so that a change is blamed only for what it did. The HTTP server's is in
the suite http (fuzz_http, fuzz_http_syntax), because they need the imported parser. That of the network stack, whose inputs are frames, is an image: tests/fuzz/frames.
"""

import os
import re

import harness
from lib.project import store

SECONDS = 1200
ELSEWHERE = {"http", "http_syntax"}
XEN = {"blkfront": ("blkfront", "requests", "transfer"), "netfront": ("netfront", "receive", "send")}
# fuzzers with the files that they are about, most of them of the runtime; the others are linked with the compiler
RUNTIME = {
    "virtio": ("targets/kvm/virtio_bus/ring.c",),
    **{name: ("tests/unit/runtime/xen_double.c", *(f"targets/xen/{name}/{part}.c" for part in parts)) for name, parts in XEN.items()},
    "acpi": tuple(f"targets/pvh/acpi{part}.c" for part in ("", "_madt", "_mcfg", "_fadt", "_aml", "_device", "_generation")),
    "dns": ("libs/dns/message.c", "libs/dns/name.c"),
    "kv_block": ("tests/unit/runtime/block_double.c",
                 *(f"libs/kv_block/{part}.c" for part in ("kv_block", "compact", "mount", "blank", "lock", "index", "format", "crc64"))),
    "bundle": (*(f"provenance/{part}.c" for part in ("bundle_format", "bundle_read", "recorded_read", "recorded_check", "toolset_names", "recipe", "action", "canon",
                                                     "gitoid", "history", "known", "note", "recorded_write", "tools_identity", "objects", "objects_read", "objects_memory", "inflate", "blobs")),
               *(f"ukc/base/{part}.c" for part in ("arena", "diag", "elf_file", "file", "file_write", "hash", "json", "map", "memory", "path", "reader", "render", "string", "text", "utf8", "version", "walk"))),
    "elf": (*(f"ukc/image/{part}.c" for part in ("elf_image", "image_symbols", "sealed", "hardening", "hardening_code", "system_calls")), "provenance/note.c",
            *(f"ukc/size/{part}.c" for part in ("debug_info", "debug_lines", "link_map", "size", "size_lines", "size_owner", "size_parts", "size_references", "size_way")),
            *(f"ukc/base/{part}.c" for part in ("arena", "diag", "elf_file", "file", "file_write", "hash", "json", "map", "memory", "path", "reader", "render", "string", "text", "utf8", "walk"))),
    "pcap": ("targets/posix/netif_pcap/capture.c", "targets/posix/netif_pcap/replay.c"),
}
RUNS = {"acpi": 50000, "blkfront": 1500, "netfront": 5000, "dns": 500000, "bundle": 10000, "elf": 2500, "kv_block": 100000, "pcap": 150000,
        "virtio": 150000}  # with --long, as many as there is time for
FRAMES = {"static": 4000, "dynamic": 3000}
# headers that a target has, as the unit tests stand in for them
INCLUDE = {**{name: ("tests/unit/runtime/bindings", f"tests/unit/runtime/{name}", "tests/unit/runtime", f"targets/xen/{name}") for name in XEN},
           "virtio": ("tests/unit/runtime/bindings",), "acpi": ("targets/pvh/include",), "kv_block": ("tests/unit/runtime/kv_block", "tests/unit/runtime")}
# what the other end of a ring writes may change between two reads
OPTIONS = {"bundle": ("-lgit2", "-lz", "-lcrypto"), "elf": ("-lcrypto",), **{name: ("-fsanitize-coverage=trace-loads",) for name in XEN}}
LONGEST = {"elf": 16384}  # bytes of an input, in place of 4096
CORE = ("ukc/base", "ukc/load", "ukc/graph", "ukc/resolve")
FLAGS = ["-std=gnu2x", "-D_GNU_SOURCE", '-DUKC_VERSION="0.1.0"', "-g", "-O1", "-fsanitize=fuzzer-no-link,address,undefined",
         "-fno-sanitize-recover=undefined"]


def core(context, directory):
    """The compiler's own rooms as one archive, built once: the rules are Ninja's, so both processors work."""
    objects, lines = [], ["rule cc", "  command = clang-19 $flags -c $in -o $out", f"flags = {' '.join(map(quoted, FLAGS))} {lua_flags()}"]
    for room in CORE:
        for source in sorted((context.root / room).glob("*.c")):
            name = f"{room.replace('/', '-')}-{source.stem}.o"
            objects.append(name)
            lines.append(f"build {name}: cc {source}")
    (directory / "build.ninja").write_text("\n".join(lines) + "\n")
    harness.run(["ninja", "-C", directory], timeout=600)
    archive = directory / "core.a"
    harness.run(["llvm-ar-19", "crs", archive, *[directory / o for o in objects]])
    return archive


def quoted(word):
    return "'" + word.replace("$", "$$") + "'" if re.search(r'["$ ]', word) else word


def lua_flags():
    return harness.run(["pkg-config", "--cflags", "lua5.4"]).stdout.strip()


def fuzz(context, name):
    harness.need("clang-19")
    directory = harness.scratch()
    if name in RUNTIME:
        include = (*INCLUDE.get(name, ()), "libs/include", "libs/signatures")
        parts = [*(f"-I{context.root / d}" for d in include), *(context.root / file for file in RUNTIME[name]), *OPTIONS.get(name, ())]
    else:
        parts = [*lua_flags().split(), core(context, directory), "-llua5.4", "-lcrypto", "-lcadical", "-lstdc++"]
    program = directory / "fuzz"
    source = context.root / "tests" / "fuzz" / f"fuzz_{name}.c"
    flags = [f.replace("fuzzer-no-link", "fuzzer") for f in FLAGS]
    harness.run(["clang-19", *flags, source, *parts, "-lm", "-o", program], timeout=300)
    search(context, program, context.root / "tests" / "fuzz" / "corpus" / name, RUNS.get(name, 6000), f"-max_len={LONGEST.get(name, 4096)}")


def search(context, program, corpus, runs, *options):
    """Fuzzes: in the end the inputs of the corpus, and those that came from them, have found nothing."""
    directory, seconds = program.parent, 600 if context.long else 60
    bounds = [] if context.long else ["-seed=1", f"-runs={runs}"]
    (directory / "found").mkdir()
    try:
        harness.run([program, *bounds, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", *options,
                     directory / "found", corpus], timeout=seconds + 240, cwd=directory)
    except harness.Failure as e:
        for f in sorted(f for kind in ("crash", "timeout", "leak", "oom") for f in directory.glob(kind + "-*")):
            raise harness.Failure(f"{e}\ninput {f.name}: {f.read_bytes()!r}") from None
        raise


def frames(context, variant):
    harness.need("clang-19")
    directory, here = harness.scratch(), context.root / "tests" / "fuzz"
    harness.run(["python3", here / "frames" / "build.py", context.ukc, context.root, directory, variant], timeout=600,
                env=harness.environment(directory, UKC_STORE=store(context)))
    search(context, directory / "fuzz", here / "corpus" / "frames", FRAMES[variant], "-detect_leaks=0", "-max_len=4096")  # program.c looks for them


def tests(context):
    for source in sorted((context.root / "tests" / "fuzz").glob("fuzz_*.c")):
        name = source.stem.removeprefix("fuzz_")
        if name not in ELSEWHERE:
            yield name, lambda name=name: fuzz(context, name)
    for variant in FRAMES:
        yield f"frames/{variant}", lambda variant=variant: frames(context, variant)
