/* xen_grant.c - the table of pages that other domains may use: entries of version 1, a page of them at a time, when they are needed. */
#include <errno.h>
#include <ukc/machine.h>
#include <ukc/xen.h>

enum { ENTRIES = MACHINE_PAGE / 8, FRAMES = 4, RESERVED = 8 /* the first ones are the toolstack's */ };
enum { PERMIT = 1, READ_ONLY = 4, IN_USE = 8 | 16 /* reading, writing */ };

struct entry {
    uint16_t flags, domain;
    uint32_t frame;
};
static volatile struct entry *frames[FRAMES];
static unsigned ready; /* entries that there are */

static volatile struct entry *entry_of(unsigned reference)
{
    return &frames[reference / ENTRIES][reference % ENTRIES];
}

static bool grow(void)
{
    unsigned frame = ready / ENTRIES;
    if (frame == FRAMES)
        return false;
    frames[frame] = xen_place(XEN_SPACE_GRANTS, frame);
    if (!frames[frame])
        return false;
    ready += ENTRIES;
    return true;
}

/* The new tables have no entries, at whatever place the old ones had theirs. */
void xen_grants_again(void)
{
    for (unsigned frame = 0; frame < ready / ENTRIES; frame++)
        if (!xen_place_again(frames[frame], XEN_SPACE_GRANTS, frame))
            machine_panic("Xen does not give a table of grants again");
}

/* An entry that is not granted is free: none is taken for long, and few are searched. */
int xen_grant(uint16_t domain, const void *page, bool read_only)
{
    static unsigned next = RESERVED;
    for (unsigned tried = 0;; tried++) {
        if (tried == ready && !grow())
            return -ENOSPC;
        if (next >= ready)
            next = RESERVED;
        volatile struct entry *e = entry_of(next);
        unsigned reference = next++;
        if (e->flags)
            continue;
        e->domain = domain;
        e->frame = (uint32_t)((uintptr_t)page / MACHINE_PAGE);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        e->flags = PERMIT | (read_only ? READ_ONLY : 0);
        return (int)reference;
    }
}

bool xen_grant_end(int reference)
{
    volatile struct entry *e = entry_of((unsigned)reference);
    uint16_t flags = e->flags;
    while (!(flags & IN_USE))
        if (__atomic_compare_exchange_n(&e->flags, &flags, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
    return false;
}
