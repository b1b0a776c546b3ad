/*
 * ring.c - a split virtqueue: descriptors, the available ring that we write, the used ring that the device writes.
 *
 * Who writes what: the descriptor table and the available ring are ours, the used ring is the device's, and we never trust that
 * it keeps to that.  Free descriptors are a list through the slots, which the device does not see; so are the tokens.
 *
 * The order of memory accesses matters in three places.  A chain is complete before the index that shows it (a store
 * with release).  An entry of the used ring is read after the index that announced it (a load with acquire).  What one
 * side has published is visible before it looks at what the other wants to be told (device_fence, and the device's own: else each
 * may miss the other's last word, and both wait for ever).
 */
#include "ring.h"

#include <assert.h>
#include <errno.h>
#include <ukc/device.h>

enum {
    DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2, DESCRIPTOR_INDIRECT = 4, /* 2.7.5 */
    NO_INTERRUPT = 1,                                                  /* 2.7.6 */
    NO_NOTIFY = 1,                                                     /* 2.7.8 */
    LINE = 64,                                                         /* of a cache: the parts do not share one */
    TABLES_BYTES = 4096,                                               /* for indirect tables, at most */
    NO_TABLE = 0xffff,
};

/* 2.7.5 */
struct ring_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
static_assert(sizeof(struct ring_descriptor) == 16);

/* 2.7.6; behind the entries is used_event. */
struct ring_available {
    uint16_t flags;
    uint16_t index;
    uint16_t entries[];
};
static_assert(offsetof(struct ring_available, entries) == 4);

/* 2.7.8; behind the entries is avail_event. */
struct ring_used {
    uint16_t flags;
    uint16_t index;
    struct ring_used_entry {
        uint32_t id;
        uint32_t length;
    } entries[];
};
static_assert(sizeof(struct ring_used_entry) == 8 && offsetof(struct ring_used, entries) == 4);

/* What we know of a descriptor; of a chain's first one: the chain. */
struct ring_slot {
    void *token;       /* NULL: no chain that the device has starts here */
    uint64_t writable; /* bytes that the device may write */
    uint16_t next;     /* in the chain, or in the list of free ones */
    uint16_t last, count; /* of the chain */
    uint16_t table;    /* the indirect one, or NO_TABLE */
    uint16_t later;    /* the chain added next, until both are shown */
    bool shown;
};

/* ---- memory ---- */

struct layout {
    size_t available, used, tables, slots, free_tables, end;
    unsigned table_count;
};

static size_t aligned(size_t at)
{
    return (at + LINE - 1) / LINE * LINE;
}

static struct layout layout_of(unsigned size, unsigned parts, bool indirect)
{
    struct layout l = {0};
    if (indirect && parts > 1) {
        l.table_count = TABLES_BYTES / (parts * (unsigned)sizeof(struct ring_descriptor));
        l.table_count = l.table_count > size ? size : l.table_count;
    }
    l.available = aligned(sizeof(struct ring_descriptor) * size);
    l.used = aligned(l.available + sizeof(struct ring_available) + sizeof(uint16_t) * (size + 1));
    l.tables = aligned(l.used + sizeof(struct ring_used) + sizeof(struct ring_used_entry) * size + sizeof(uint16_t));
    l.slots = aligned(l.tables + sizeof(struct ring_descriptor) * parts * l.table_count);
    l.free_tables = l.slots + sizeof(struct ring_slot) * size;
    l.end = l.free_tables + sizeof(uint16_t) * l.table_count;
    return l;
}

size_t ring_bytes(unsigned size, unsigned parts, bool indirect)
{
    return layout_of(size, parts, indirect).end;
}

static volatile uint16_t *used_event(struct ring *ring)
{
    return &ring->available->entries[ring->size];
}

static uint16_t avail_event(const struct ring *ring)
{
    const volatile void *after = &ring->used->entries[ring->size];
    return *(const volatile uint16_t *)after;
}

void ring_open(struct ring *ring, void *memory, unsigned size, unsigned parts, bool event_index, bool indirect)
{
    char *at = memory;
    struct layout l = layout_of(size, parts, indirect);
    *ring = (struct ring){
        .table = memory,
        .available = (void *)(at + l.available),
        .used = (void *)(at + l.used),
        .tables = (void *)(at + l.tables),
        .slots = (void *)(at + l.slots),
        .free_tables = (void *)(at + l.free_tables),
        .size = (uint16_t)size, .parts = (uint16_t)parts,
        .table_count = (uint16_t)l.table_count, .tables_left = (uint16_t)l.table_count,
        .free_count = (uint16_t)size,
        .event_index = event_index, .indirect = indirect,
        .silenced = true,
    };
    /* descriptors, entries, indirect tables and slots are written when they are used */
    volatile struct ring_used *used = (void *)(at + l.used);
    volatile void *behind = &used->entries[size]; /* avail_event() */
    ring->available->index = ring->available->flags = 0;
    used->index = used->flags = 0;
    *(volatile uint16_t *)behind = 0;
    for (unsigned i = 0; i < size; i++) {
        ring->slots[i].token = NULL;
        ring->slots[i].next = (uint16_t)(i + 1);
    }
    for (unsigned i = 0; i < l.table_count; i++)
        ring->free_tables[i] = (uint16_t)i;
    if (event_index)
        *used_event(ring) = 0xffff; /* just behind: 65536 chains away */
    else
        ring->available->flags = NO_INTERRUPT;
}

/* ---- adding ---- */

static void describe(volatile struct ring_descriptor *d, const struct virtio_part *part, unsigned flags, unsigned next)
{
    d->address = device_address(part->bytes);
    d->length = (uint32_t)part->size;
    d->flags = (uint16_t)flags;
    d->next = (uint16_t)next;
}

static unsigned flags_of(unsigned i, unsigned out, unsigned count)
{
    return (i >= out ? DESCRIPTOR_WRITE : 0) | (i + 1 < count ? DESCRIPTOR_NEXT : 0);
}

/* The chain in a table of its own, one descriptor pointing to it (2.7.5.3).  Only when there is no room for it in the ring: devices are faster without. */
static void add_indirect(struct ring *ring, const struct virtio_part *parts, unsigned out, unsigned count, struct ring_slot *head)
{
    head->table = ring->free_tables[--ring->tables_left];
    volatile struct ring_descriptor *table = ring->tables + (size_t)head->table * ring->parts;
    for (unsigned i = 0; i < count; i++)
        describe(&table[i], &parts[i], flags_of(i, out, count), i + 1);
    struct virtio_part all = {(void *)(uintptr_t)table, count * sizeof *table};
    describe(&ring->table[ring->free_head], &all, DESCRIPTOR_INDIRECT, 0);
    head->last = ring->free_head;
    head->count = 1;
}

static void add_direct(struct ring *ring, const struct virtio_part *parts, unsigned out, unsigned count, struct ring_slot *head)
{
    uint16_t at = ring->free_head;
    for (unsigned i = 0; i < count; i++) {
        uint16_t next = ring->slots[at].next;
        describe(&ring->table[at], &parts[i], flags_of(i, out, count), next);
        head->last = at;
        at = next;
    }
    head->count = (uint16_t)count;
    head->table = NO_TABLE;
}

/* The chain that begins with the first free descriptor is the device's, from the next ring_show() on; `free` comes behind its last one. */
[[gnu::always_inline]] static inline void publish(struct ring *ring, struct ring_slot *head, uint16_t free, uint16_t count, void *token, uint64_t writable)
{
    uint16_t first = ring->free_head, added = ring->added;
    head->token = token;
    head->writable = writable;
    head->shown = false;
    *(added == ring->shown ? &ring->first_unshown : &ring->slots[ring->last_unshown].later) = first;
    ring->last_unshown = first;
    ring->free_head = free;
    ring->free_count -= count;
    ring->available->entries[added & (ring->size - 1)] = first;
    ring->added = added + 1;
    ring->outstanding++;
}

/* Most chains: a buffer to receive into, a frame to send. */
[[gnu::always_inline]] static inline int add_one(struct ring *ring, const struct virtio_part *part, unsigned out, void *token)
{
    uint16_t first = ring->free_head;
    struct ring_slot *head = &ring->slots[first];
    if (part->size - 1 >= UINT32_MAX)
        return -EINVAL;
    describe(&ring->table[first], part, out ? 0 : DESCRIPTOR_WRITE, 0);
    head->last = first;
    head->count = 1;
    head->table = NO_TABLE;
    publish(ring, head, head->next, 1, token, out ? 0 : part->size);
    return 0;
}

[[gnu::noinline]] static int add_many(struct ring *ring, const struct virtio_part *parts, unsigned out, unsigned count, void *token)
{
    struct ring_slot *head = &ring->slots[ring->free_head];
    uint64_t writable = 0;
    for (unsigned i = 0; i < count; i++) {
        if (parts[i].size - 1 >= UINT32_MAX)
            return -EINVAL;
        writable += i >= out ? parts[i].size : 0;
    }
    bool fits = count <= ring->free_count;
    if (!fits && (ring->free_count == 0 || ring->tables_left == 0))
        return -ENOSPC;
    if (fits)
        add_direct(ring, parts, out, count, head);
    else
        add_indirect(ring, parts, out, count, head);
    publish(ring, head, ring->slots[head->last].next, head->count, token, writable);
    return 0;
}

int ring_add(struct ring *ring, const struct virtio_part *parts, unsigned out, unsigned in, void *token)
{
    unsigned count = out + in, most = ring->parts;
    if (ring->broken)
        return -EIO;
    if (token && count == 1 && out <= 1 && ring->free_count > 0)
        return add_one(ring, parts, out, token);
    if (!token || count == 0 || out > most || in > most || count > most)
        return -EINVAL;
    return add_many(ring, parts, out, count, token);
}

bool ring_show(struct ring *ring)
{
    uint16_t old = ring->shown;
    if (ring->broken || old == ring->added)
        return false;
    for (uint16_t at = ring->first_unshown; ring->shown != ring->added; ring->shown++) {
        ring->slots[at].shown = true;
        at = ring->slots[at].later;
    }
    __atomic_store_n(&ring->available->index, ring->shown, __ATOMIC_RELEASE);
    device_fence();
    if (!ring->event_index)
        return !(ring->used->flags & NO_NOTIFY);
    return (uint16_t)(ring->shown - avail_event(ring) - 1) < (uint16_t)(ring->shown - old); /* 2.7.10: the event was passed */
}

/* ---- collecting ---- */

static void release(struct ring *ring, struct ring_slot *head, uint16_t first)
{
    if (head->table != NO_TABLE)
        ring->free_tables[ring->tables_left++] = head->table;
    head->token = NULL;
    ring->slots[head->last].next = ring->free_head;
    ring->free_head = first;
    ring->free_count += head->count;
    ring->outstanding--;
}

static int broken(struct ring *ring)
{
    ring->broken = true;
    return -EIO;
}

int ring_collect(struct ring *ring, void **token, size_t *written)
{
    if (ring->broken)
        return -EIO;
    uint16_t index = __atomic_load_n(&ring->used->index, __ATOMIC_ACQUIRE);
    uint16_t ready = (uint16_t)(index - ring->collected);
    if (ready == 0)
        return 0;
    if (ready > ring->outstanding - (uint16_t)(ring->added - ring->shown)) /* more than the device was shown */
        return broken(ring);
    const volatile struct ring_used_entry *entry = &ring->used->entries[ring->collected & (ring->size - 1)];
    uint32_t id = entry->id, length = entry->length;
    if (id >= ring->size || !ring->slots[id].token || !ring->slots[id].shown || length > ring->slots[id].writable)
        return broken(ring);
    *token = ring->slots[id].token;
    *written = length;
    ring->collected++;
    release(ring, &ring->slots[id], (uint16_t)id);
    if (!ring->event_index && !ring->silenced) {
        ring->silenced = true;
        ring->available->flags = NO_INTERRUPT;
    }
    return 1;
}

bool ring_ask(struct ring *ring)
{
    if (ring->broken)
        return false;
    if (ring->event_index)
        *used_event(ring) = ring->collected;
    else if (ring->silenced) {
        ring->silenced = false;
        ring->available->flags = 0;
    }
    device_fence();
    return ring->used->index == ring->collected;
}
