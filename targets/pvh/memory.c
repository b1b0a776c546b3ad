/*
 * memory.c - whole pages of the machine's memory.
 *
 * Free memory is a list of runs in ascending order, each described in its own first page.  It is taken from
 * the loader's map at the first call: an image that allocates nothing pays nothing.
 */
#include <string.h>
#include <ukc/machine.h>

#include "image.h"
#include "map.h"

struct run {
    struct run *next;
    size_t pages;
};
static struct run *runs;
static bool prepared;

/* Below this nothing is given out: start_info, ACPI tables and modules of loaders lie there, or devices. */
#define LOW_END ((uintptr_t)image_end)

static uint64_t up(uint64_t n)
{
    return (n + MACHINE_PAGE - 1) & ~(uint64_t)(MACHINE_PAGE - 1);
}

/* Inserts in order and joins neighbours. */
static void insert(uintptr_t start, size_t pages)
{
    struct run **at = &runs, *before = NULL;
    while (*at && (uintptr_t)*at < start) {
        before = *at;
        at = &before->next;
    }
    struct run *run = (struct run *)start;
    *run = (struct run){*at, pages};
    *at = run;
    if (run->next && (uintptr_t)run->next == start + pages * MACHINE_PAGE)
        *run = (struct run){run->next->next, pages + run->next->pages};
    if (before && (uintptr_t)before + before->pages * MACHINE_PAGE == start)
        *before = (struct run){run->next, before->pages + run->pages};
}

static void *take(size_t pages)
{
    for (struct run **at = &runs; *at; at = &(*at)->next) {
        struct run *run = *at;
        if (run->pages < pages)
            continue;
        /* from its beginning: the table that maps the end of the image serves the first guard pages too */
        struct run *rest = (struct run *)((char *)run + pages * MACHINE_PAGE);
        if (run->pages > pages)
            *rest = (struct run){run->next, run->pages - pages};
        *at = run->pages > pages ? rest : run->next;
        return run;
    }
    return NULL;
}

/* Before the page tables can need one. */
static void feed_tables(void)
{
    if (!machine_map_wants())
        return;
    void *page = take(1);
    if (page)
        machine_map_reserve(memset(page, 0, MACHINE_PAGE));
}

/* How far one step of mapping goes: to whole large pages, over them, or the rest.  Each needs a table at most, or two for 1 GiB. */
static uint64_t step_end(uint64_t start, uint64_t end)
{
    const uint64_t large = 1ull << 21, piece = 1ull << 30;
    uint64_t next = (start / large + 1) * large, limit = (start / piece + 1) * piece;
    if (start % large == 0 && end - start >= large) {
        next = end & ~(large - 1);
        next = next < limit ? next : limit;
    }
    return next < end ? next : end;
}

static void add(uint64_t start, uint64_t end)
{
    start = up(start > LOW_END ? start : LOW_END);
    end &= ~(uint64_t)(MACHINE_PAGE - 1);
    for (uint64_t to; start < end; start = to) {
        to = step_end(start, end);
        if (!machine_map(start, to - start, MACHINE_WRITE))
            return; /* what has no tables is not used */
        insert(start, (to - start) / MACHINE_PAGE);
        feed_tables();
    }
}

/* Memory from start to end, but for the modules from number `next` on. */
static void add_around(uint64_t start, uint64_t end, size_t next)
{
    size_t count;
    const struct machine_range *modules = machine_modules(&count);
    for (; next < count; next++) {
        const struct machine_range *m = &modules[next];
        if (m->size == 0 || m->start >= end || m->start + m->size <= start)
            continue;
        if (m->start > start)
            add_around(start, m->start, next + 1);
        start = m->start + m->size;
    }
    if (start < end)
        add(start, end);
}

static void prepare(void)
{
    size_t count;
    const struct machine_range *map = machine_memory_map(&count);
    prepared = true;
    for (size_t i = 0; i < count; i++)
        if (map[i].type == MACHINE_MEMORY_RAM)
            add_around(map[i].start, map[i].start + map[i].size, 0);
    feed_tables();
}

void *machine_pages_take(size_t count)
{
    if (!prepared)
        prepare();
    feed_tables();
    return count ? take(count) : NULL;
}

void machine_pages_give(void *pages, size_t count)
{
    if (pages && count)
        insert((uintptr_t)pages, count);
}
