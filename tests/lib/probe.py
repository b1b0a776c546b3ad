"""What images of a machine are asked, whatever the hypervisor: a probe of tasks, time, memory and crashes, and the rules of the ELF file."""

import struct

from lib.project import expect

LARGEST_HELLO = 16384

PROBE = r"""
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>
#include "clock.h"
#include "console.h"
#include "keys.h"
#include "pages.h"
#include "random.h"
#include "task.h"

static __thread int in_thread = 42, zero_in_thread;
static int finished;

static void worker(void *argument)
{
    task_sleep(clock_now() + *(int *)argument * NANOSECONDS_PER_MILLISECOND);
    printf("worker %d\n", *(int *)argument);
    finished++;
}

static int recurse(volatile char *above)
{
    volatile char here[512];
    here[0] = above[0];
    int n = recurse(here);
    return n + here[0];
}

[[gnu::noinline]] static void smash(size_t size)
{
    char here[16];
    for (size_t i = 0; i < size; i++)
        ((volatile char *)here)[i] = 'x';
}

/* as a return address would that somebody has changed: no check of pointers is in the way */
[[gnu::noinline]] static void execute(void *code)
{
    *(volatile char *)code = (char)0xc3;
    __asm__ volatile("call *%0" : : "r"(code) : "memory");
}

/* the machine's own, which no component is given */
bool machine_map(uint64_t, uint64_t, int), machine_unmap(uint64_t);
void machine_poke8(uint64_t, uint8_t);

static volatile uint64_t *entries(uint64_t entry)
{
    return (volatile uint64_t *)(uintptr_t)(entry & 0x000ffffffffff000);
}

static volatile uint64_t *root(void)
{
    uint64_t table;
    __asm__ volatile("movq %%cr3, %0" : "=r"(table));
    return entries(table);
}

/* The table of pages with the highest address: one that was made late, outside of the image. */
static volatile uint64_t *last_table(void)
{
    volatile uint64_t *last = entries(entries(root()[0])[0]), *directory = last;
    for (int i = 0; i < 512; i++)
        if ((directory[i] & 0x81) == 1 && entries(directory[i]) > last)
            last = entries(directory[i]);
    return last;
}

/* Each has a guard page, and with it a table of its own. */
static void make_tables(void)
{
    for (int i = 0; i < 6; i++)
        if (!pages_allocate(2 << 20))
            abort();
}

/* How many tables can be written to, by the tables themselves; below a table `shift` bits of an address are left. */
static int writable_tables(volatile uint64_t *table, unsigned shift)
{
    volatile uint64_t *at = root();
    uint64_t entry = 0;
    for (unsigned s = 39; s >= 12 && !(entry & 0x80); s -= 9, at = entries(entry))
        entry = at[(uintptr_t)table >> s & 511];
    int count = (entry & 2) != 0;
    for (int i = 0; shift > 12 && i < 512; i++)
        if ((table[i] & 0x81) == 1)
            count += writable_tables(entries(table[i]), shift - 9);
    return count;
}

static void crash(void)
{
    static char code[] = {(char)0xc3};
    if (strcmp(KEY_WHAT, "null") == 0)
        *(volatile int *)8 = 1;
    if (strcmp(KEY_WHAT, "stack") == 0)
        exit(recurse((volatile char[]){1}));
    if (strcmp(KEY_WHAT, "text") == 0)
        *(volatile char *)(uintptr_t)&crash = 0;
    if (strcmp(KEY_WHAT, "constant") == 0)
        *(volatile char *)(uintptr_t)"constant" = 0;
    if (strcmp(KEY_WHAT, "execute") == 0)
        execute(code);
    if (strcmp(KEY_WHAT, "heap") == 0)
        execute(malloc(64));
    if (strcmp(KEY_WHAT, "frame") == 0)
        execute((char[16]){0});
    if (strcmp(KEY_WHAT, "canary") == 0)
        smash(40);
    if (strcmp(KEY_WHAT, "type") == 0)
        ((long (*volatile)(void))(uintptr_t)recurse)();
    if (strcmp(KEY_WHAT, "free") == 0) {
        char *volatile block = malloc(64);
        free(block);
        free(block);
    }
    if (strcmp(KEY_WHAT, "remap") == 0) { /* this function's page, writable */
        uint64_t here = (uintptr_t)&crash & ~(uint64_t)4095, far = 1;
        while (far < 60 && machine_map((far << 40) + 0x5000, 4096, 2))
            far++;
        if (far == 60 || machine_map((far << 40) + 0x6000, 4096, 2)) /* where there was no table, there is none later */
            return;
        machine_map(here, 4096, 2); /* had it worked, this function could not go on: what is mapped so is not executable */
        *(volatile char *)(uintptr_t)&crash = 0;
    }
    if (strcmp(KEY_WHAT, "key") == 0)
        *(const char *volatile *)&ukc_key_what = NULL;
    if (strcmp(KEY_WHAT, "vector") == 0) {
        struct [[gnu::packed]] {
            uint16_t limit;
            uint64_t *gates;
        } table;
        __asm__ volatile("sidt %0" : "=m"(table));
        *(volatile uint64_t *)table.gates = 0;
    }
    if (strcmp(KEY_WHAT, "table") == 0)
        root()[1] = 0;
    if (strcmp(KEY_WHAT, "late_table") == 0) {
        make_tables();
        volatile uint64_t *table = last_table();
        uint64_t here = (uintptr_t)table;
        machine_poke8(here, 0);
        if (machine_map(here, 4096, 2) || machine_unmap(here) || machine_unmap((uintptr_t)&crash & ~(uint64_t)4095) || writable_tables(root(), 39))
            return;
        table[0] = 0;
    }
    if (strcmp(KEY_WHAT, "guard") == 0)
        ((volatile char *)pages_allocate(8192))[-1] = 1;
    if (strcmp(KEY_WHAT, "abort") == 0)
        abort();
}

int probe_main(void)
{
    crash();
    printf("tables %d\n", writable_tables(root(), 39));
    printf("thread %d %d, %.3f\n", in_thread, zero_in_thread, sqrt(2.0));
    int late = 30, soon = 10;
    struct task *a, *b;
    int64_t before = clock_now();
    task_start_service(&a, 0, worker, &late);
    task_start_service(&b, 0, worker, &soon);
    task_sleep(before + 50 * NANOSECONDS_PER_MILLISECOND);
    while (finished < 2 && clock_now() - before < 5 * NANOSECONDS_PER_SECOND) /* another domain may have had the processor before they began */
        task_sleep(clock_now() + NANOSECONDS_PER_MILLISECOND);
    printf("finished %d, in time %d\n", finished, clock_now() - before >= 50 * NANOSECONDS_PER_MILLISECOND);
    unsigned char bytes[64] = {0}, others[64] = {0};
    random_fill(bytes, sizeof bytes);
    random_fill(others, sizeof others);
    int same = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        same += bytes[i] == others[i];
    printf("random %d\n", same < 8);
    char *big = malloc(3000000);
    memset(big, 1, 3000000);
    free(big);
    big = calloc(3000000, 1);
    void *volatile huge = malloc((size_t)1 << 40);
    printf("memory %d %d\n", big && !big[0] && !big[2999999], huge == NULL);
    return 7;
}
"""

MANIFEST = """
return unikernel "probe" {
  sources  = { "probe.c" },
  requires = { console = sig.console, task = sig.task, clock = sig.clock, random = sig.random, pages = sig.pages },
  keys     = { what = key.string { default = "all", phase = "boot", doc = "what to try" } },
}
"""

SAID = "tables 0\nthread 42 0, 1.414\nworker 10\nworker 30\nfinished 2, in time 1\nrandom 1\nmemory 1 1\n"

CRASHES = {
    "null": "page fault: writing 0000000000000008 (null)",
    "stack": "(the stack is full)",
    "text": "(not permitted)",
    "constant": "(not permitted)",
    "execute": "page fault: executing",
    "guard": "(nothing is there)",
    "heap": "page fault: executing",
    "frame": "page fault: executing",
    "canary": "invalid instruction",
    "type": "invalid instruction",
    "free": "page fault: reading",
    "remap": "page fault: writing",
    "key": "(not permitted)",
    "vector": "(not permitted)",
    "table": "(page tables)",
    "late_table": "(not permitted)",
    "abort": "abort",
}


def segments(image):
    """Of the ELF file: type, flags, where, size."""
    at, size, count = struct.unpack_from("<Q", image, 32)[0], *struct.unpack_from("<HH", image, 54)
    for i in range(count):
        kind, flags, _, where, _, _, memory, _ = struct.unpack_from("<IIQQQQQQ", image, at + i * size)
        yield kind, flags, where, memory


def check_image(image):
    expect(len(image) <= LARGEST_HELLO, f"the image has at most {LARGEST_HELLO} bytes", len(image))
    loaded = [s for s in segments(image) if s[0] == 1]
    expect(len(loaded) == 3, "code, constants and data are segments of their own", loaded)
    expect(not any(f & 1 and f & 2 for _, f, _, _ in loaded), "nothing is writable and executable", loaded)
    expect(all(where % 4096 == 0 for _, _, where, _ in loaded), "each begins on a page of its own", loaded)
    entry = struct.unpack_from("<Q", image, 24)[0]
    expect(any(f == 5 and where <= entry < where + size for _, f, where, size in loaded), "the ELF entry is code", hex(entry))
    note = image.find(struct.pack("<III", 4, 8, 18) + b"Xen\0")
    expect(note > 0 and struct.unpack_from("<Q", image, note + 16)[0] == entry, "the PVH note names the entry")
