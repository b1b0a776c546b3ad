"""The signature compress: zstd from its source package in the image, on posix and in a machine, and the host's; each reads what the other made."""

import shutil

import harness
from lib.project import Project, expect

SECONDS = 600

PROBE = r"""
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hard.h"
#include "soft.h"

enum { MOST = 300000 };
static char text[MOST], back[MOST + 1];
static int failures;

static void check(int good, const char *what, int64_t got)
{
    if (!good) {
        printf("%s: %lld\n", what, (long long)got);
        failures++;
    }
}

static void fill(size_t size, int kind)
{
    uint32_t x = 1;
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = (char)(kind == 0 ? 'a' : kind == 1 ? "the quick brown fox "[x >> 28] : (int)(x >> 24));
    }
}

static void there_and_back(size_t size)
{
    int64_t room = soft_bound(size);
    check(room > (int64_t)size && room == hard_bound(size), "bound", room);
    char *packed = malloc((size_t)room);
    int64_t quick = soft_pack(packed, (size_t)room, (struct view){text, size});
    check(quick > 0 && hard_unpack(back, sizeof back, (struct view){packed, (size_t)quick}) == (int64_t)size && !memcmp(text, back, size),
          "what the first made, the second reads", quick);
    int64_t small = hard_pack(packed, (size_t)room, (struct view){text, size});
    check(small > 0 && small <= room && (text[0] != 'a' || small < 100), "the same letter again and again becomes small", small);
    memset(back, 1, sizeof back);
    check(soft_unpack(back, size, (struct view){packed, (size_t)small}) == (int64_t)size && !memcmp(text, back, size),
          "what the second made, the first reads", small);
    if (size)
        check(soft_unpack(back, size - 1, (struct view){packed, (size_t)small}) == -ENOSPC, "no room for the text", small);
    check(hard_pack(packed, (size_t)small - 1, (struct view){text, size}) == -ENOSPC, "no room for what is made", small);
    check(soft_unpack(back, sizeof back, (struct view){packed, (size_t)small / 2}) == -EBADMSG, "half of it", small);
    packed[0] ^= 1;
    check(hard_unpack(back, sizeof back, (struct view){packed, (size_t)small}) == -EBADMSG, "not zstd's", small);
    free(packed);
}

int probe_main(void)
{
    static const size_t sizes[] = {0, 1, 7, 1000, 131072, 131073, MOST};
    for (int kind = 0; kind < 3; kind++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            fill(sizes[i], kind);
            there_and_back(sizes[i]);
        }
    check(soft_bound(SIZE_MAX) == -EFBIG, "too large", soft_bound(SIZE_MAX));
    printf("%d failures\n", failures);
    return failures != 0;
}
"""

MANIFEST = """
return unikernel "probe" {{
  sources  = {{ "probe.c" }},
  requires = {{ soft = sig.compress, hard = sig.compress, console = sig.console }},
  choose   = {{ soft = instance "compress_zstd" {{ set = {{ level = 1 }} }}, hard = instance "{0}" {{ set = {{ level = {1} }} }} }},
}}
"""


def probe(context, target, other, level, *run):
    if target == "kvm":
        harness.need("qemu-system-x86_64")
    if other.endswith("host") and shutil.which("pkg-config") is None:
        raise harness.Skip("pkg-config is not installed")
    with Project(context) as p:
        p.write("ukc.lua", MANIFEST.format(other, level))
        p.write("probe.c", PROBE)
        p.ukc("configure", "--target", target)
        p.ukc("build", timeout=500)
        r = p.ukc("run", "--quiet", *run, timeout=200)
        expect(r.out.replace("\r", "") == "0 failures\n", "every text comes back", r)


def squeeze(context):
    """What the machine makes of the example's text is what posix makes of it (which suite readme runs)."""
    harness.need("qemu-system-x86_64")
    with Project(context) as p:
        p.copy("examples/squeeze")
        said = []
        for target in ("posix", "kvm") if context.long else ("kvm",):
            p.ukc("configure", "--target", target)
            p.ukc("build", timeout=500)
            said.append(p.ukc("run", "--quiet", timeout=100).out.replace("\r", ""))
        expect(len(set(said)) == 1 and "came back identical" in said[0], "all say the same", said)


def tests(context):
    if context.long:
        yield "posix, the host's", lambda: probe(context, "posix", "compress_zstd_host", 3)
        yield "kvm, from source twice", lambda: probe(context, "kvm", "compress_zstd", 19, "--memory", "128M")
    yield "squeeze", lambda: squeeze(context)
