/*
 * xen_balloon.c - memory that Xen has back while the toolstack wants the domain to have less than it started with.
 *
 * What the loader's map calls memory is all that there can be (memory/static-max); what the target is less than that is given back, out of what is
 * free, from the end.  Where nothing is now, Xen answers reads with ones and drops what is written; nobody is given those pages, so they stay mapped
 * and no large page is split.  A domain that was created with less than its most, as `maxmem` of xl has it, comes to its target in the same way.
 */
#include <ukc/machine.h>
#include <ukc/small.h>
#include <ukc/xen.h>
#include <ukc/xen_store.h>

SMALL_BEGIN

enum { KEEP = 128 /* pages that stay free: a task, a few connections */, EXTENTS_MOST = 32, ORDER_MOST = 9 /* Xen's limit for a domain */ };
enum { DECREASE = 1, POPULATE = 6, SELF = 0x7ff0 /* DOMID_SELF */ };

/* Pages that Xen has.  Taken from the end, they are few: neighbours are one. */
struct extent {
    uintptr_t start;
    size_t pages;
};
static struct extent extents[EXTENTS_MOST];
static unsigned extent_count;
static size_t out; /* pages in all of them */

/* memory.h, struct xen_memory_reservation: one piece of 2^order pages. */
static bool ask(unsigned long operation, uintptr_t start, unsigned order)
{
    const uint64_t frame = start / MACHINE_PAGE;
    const struct {
        const uint64_t *frames;
        uint64_t count;
        uint32_t order, flags;
        uint16_t domain;
    } wanted = {.frames = &frame, .count = 1, .order = order, .domain = SELF};
    return xen_call(XEN_MEMORY_OP, operation, &wanted) == 1;
}

/* Of the largest piece that begins here. */
static unsigned order_of(uintptr_t start, size_t pages)
{
    unsigned order = 0;
    while (order < ORDER_MOST && start / MACHINE_PAGE % (2u << order) == 0 && pages >= 2u << order)
        order++;
    return order;
}

/* The extent that pages belong to, or a new one: NULL, there are too many. */
static struct extent *extent_for(uintptr_t start, size_t pages)
{
    for (struct extent *e = extents; e < extents + extent_count; e++)
        if (start + pages * MACHINE_PAGE == e->start || e->start + e->pages * MACHINE_PAGE == start)
            return e;
    if (extent_count == EXTENTS_MOST)
        return NULL;
    extents[extent_count] = (struct extent){.start = start};
    return &extents[extent_count++];
}

/* At most so many, in one piece. */
static bool shrink(size_t most)
{
    char *memory = machine_pages_take_last(&most, KEEP);
    if (!memory)
        return false;
    /* the last piece of those in a row: what is before it stays */
    uintptr_t end = (uintptr_t)memory + most * MACHINE_PAGE;
    unsigned order = ORDER_MOST;
    while (order > 0 && (end / MACHINE_PAGE % (1u << order) || most < 1u << order))
        order--;
    size_t pages = (size_t)1 << order;
    uintptr_t start = end - pages * MACHINE_PAGE;
    machine_pages_give(memory, most - pages);
    struct extent *e = extent_for(start, pages);
    bool given = e && ask(DECREASE, start, order);
    if (!given) {
        machine_pages_give((void *)start, pages);
        extent_count -= e && e->pages == 0; /* the new one, which is the last */
        return false;
    }
    e->start = start < e->start ? start : e->start;
    e->pages += pages;
    out += pages;
    return true;
}

/* From the beginning of the last extent: what is before it is in use, or free. */
static bool grow(size_t most)
{
    struct extent *e = &extents[extent_count - 1];
    unsigned order = order_of(e->start, most < e->pages ? most : e->pages);
    if (!ask(POPULATE, e->start, order)) {
        if (!order || !ask(POPULATE, e->start, order = 0))
            return false;
    }
    size_t pages = (size_t)1 << order;
    machine_pages_give((void *)e->start, pages);
    e->start += pages * MACHINE_PAGE;
    e->pages -= pages;
    out -= pages;
    extent_count -= e->pages == 0;
    return true;
}

bool xen_balloon(void)
{
    uint64_t most = xen_store_number("memory/static-max", 0), target = xen_store_number(XEN_MEMORY_TARGET, most);
    size_t wanted = target < most ? (most - target) / (MACHINE_PAGE / 1024) : 0;
    while (out < wanted)
        if (!shrink(wanted - out))
            return false;
    while (out > wanted)
        if (!grow(out - wanted))
            return false;
    return true;
}

SMALL_END
