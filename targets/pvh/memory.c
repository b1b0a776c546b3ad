/*
 * memory.c - whole pages of the machine's memory.
 *
 * Free memory is a list of runs in ascending order, each described in its own first page.  It is taken from
 * the loader's map, and mapped, as it is needed: an image that allocates nothing pays nothing.
 */
#include <ukc/machine.h>

#include "image.h"
#include "map.h"

struct run {
    struct run *next;
    size_t pages;
};
static struct run *runs;

/*
 * What is behind the image comes first.  When that is used up, so is the memory below it, but for what loaders say is not memory, and
 * the first pages: a null pointer's members trap.  The loader's words, which lie there, have been copied by then.
 */
enum { LOW_START = 0x10000 };

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
    void *page;
    while (machine_map_wants() && (page = take(1)) != NULL)
        machine_map_reserve(page);
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

/* The first memory from `from` on that no module lies in, in whole pages. */
static bool find_piece(uint64_t from, uint64_t *start, uint64_t *end)
{
    size_t count, module_count;
    const struct machine_range *map = machine_memory_map(&count), *modules = machine_modules(&module_count);
    *start = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        uint64_t first = up(map[i].start > from ? map[i].start : from), last = map[i].start + map[i].size;
        /* modules may overlap, and have any order */
        for (size_t k = 0; k < module_count; k++)
            if (modules[k].size && first < modules[k].start + modules[k].size && first + MACHINE_PAGE > modules[k].start) {
                first = up(modules[k].start + modules[k].size);
                k = SIZE_MAX;
            }
        for (size_t k = 0; k < module_count; k++)
            if (modules[k].size && modules[k].start > first && modules[k].start < last)
                last = modules[k].start;
        last &= ~(uint64_t)(MACHINE_PAGE - 1);
        if (map[i].type == MACHINE_MEMORY_RAM && first < last && first < *start) {
            *start = first;
            *end = last;
        }
    }
    return *start != UINT64_MAX;
}

/* One more step of mapping.  False: there is no more memory, or what there is has no tables. */
static bool add_more(void)
{
    static uint64_t reached;
    static bool low;
    uint64_t start, end, to;
    reached = reached ? reached : (uintptr_t)image_end;
    if (!low && !find_piece(reached, &start, &end)) {
        low = true;
        reached = LOW_START;
    }
    if (low && (!find_piece(reached, &start, &end) || start >= (uintptr_t)image_start))
        return false;
    if (low && end > (uintptr_t)image_start)
        end = (uintptr_t)image_start;
    feed_tables();
    to = step_end(start, end);
    if (!machine_map(start, to - start, MACHINE_WRITE))
        return false;
    insert(start, (to - start) / MACHINE_PAGE);
    reached = to;
    return true;
}

/* Memory is mapped when what is mapped does not do: an image with little need does not pay for a large machine. */
void *machine_pages_take(size_t count)
{
    void *pages = NULL;
    do {
        feed_tables();
        pages = count ? take(count) : NULL;
    } while (!pages && count && add_more());
    return pages;
}

void machine_pages_give(void *pages, size_t count)
{
    if (pages && count)
        insert((uintptr_t)pages, count);
}

void *machine_pages_take_last(size_t *count, size_t keep)
{
    size_t all = 0;
    struct run **last = &runs;
    while (add_more())
        ;
    for (struct run **at = &runs; *at; at = &(*at)->next) {
        all += (*at)->pages;
        last = at;
    }
    if (all <= keep)
        return NULL;
    struct run *run = *last;
    *count = *count < all - keep ? *count : all - keep;
    *count = *count < run->pages ? *count : run->pages;
    run->pages -= *count;
    char *pages = (char *)run + run->pages * MACHINE_PAGE;
    if (run->pages == 0)
        *last = NULL;
    return pages;
}
