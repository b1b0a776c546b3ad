/*
 * cache.c - a hash table of chains, and a list of all entries in the order of their use.
 *
 * The number of chains is fixed: with far more entries than CHAINS a look-up walks a few. Whose names collide on
 * purpose gains no more than a walk through all entries, whose number is bounded.
 */
#include "cache.h"

#include <stdlib.h>

#include "message.h"

enum { CHAINS = 256 };

struct entry {
    struct entry *below;          /* in its chain */
    struct entry *newer, *older;  /* by use */
    size_t bytes;
    int64_t until;
    uint16_t type;
    uint8_t count, name_size;
    uint8_t data[];               /* the name, then addresses, 4 or 16 bytes each */
};

static struct entry *chains[CHAINS], *newest, *oldest;
static struct cache_bounds used;

static struct entry **chain_of(const struct name *name, uint16_t type)
{
    uint32_t hash = 2166136261u ^ type; /* FNV-1a */
    for (size_t i = 0; i < name->size; i++)
        hash = (hash ^ name->bytes[i]) * 16777619u;
    return &chains[(hash ^ hash >> 16) % CHAINS];
}

static bool is_of(const struct entry *e, const struct name *name, uint16_t type)
{
    return e->type == type && e->name_size == name->size && memcmp(e->data, name->bytes, name->size) == 0;
}

static struct entry **place_of(const struct name *name, uint16_t type)
{
    struct entry **at = chain_of(name, type);
    while (*at && !is_of(*at, name, type))
        at = &(*at)->below;
    return at;
}

static void leave_order(struct entry *e)
{
    *(e->newer ? &e->newer->older : &newest) = e->older;
    *(e->older ? &e->older->newer : &oldest) = e->newer;
}

static void enter_order(struct entry *e)
{
    e->newer = NULL;
    e->older = newest;
    *(newest ? &newest->newer : &oldest) = e;
    newest = e;
}

static void remove_at(struct entry **at)
{
    struct entry *e = *at;
    *at = e->below;
    leave_order(e);
    used.entries--;
    used.bytes -= e->bytes;
    free(e);
}

static void remove_entry(const struct entry *e)
{
    struct name name = {.size = e->name_size};
    memcpy(name.bytes, e->data, e->name_size);
    remove_at(place_of(&name, e->type));
}

static size_t address_size(uint16_t type)
{
    return type == TYPE_A ? 4 : 16;
}

void cache_keep(const struct cache_bounds *bounds, const struct name *name, uint16_t type, const struct ip_address *addresses,
                unsigned count, int64_t until)
{
    struct entry **at = place_of(name, type);
    if (*at)
        remove_at(at);
    size_t each = address_size(type), bytes = sizeof(struct entry) + name->size + count * each;
    if (bounds->entries == 0 || bytes > bounds->bytes || count > UINT8_MAX)
        return;
    while (used.entries >= bounds->entries || used.bytes > bounds->bytes - bytes)
        remove_entry(oldest);
    struct entry *e = malloc(bytes);
    if (!e)
        return;
    *e = (struct entry){.bytes = bytes, .until = until, .type = type, .count = (uint8_t)count, .name_size = name->size};
    memcpy(e->data, name->bytes, name->size);
    for (unsigned i = 0; i < count; i++)
        memcpy(e->data + name->size + i * each, addresses[i].bytes, each);
    struct entry **chain = chain_of(name, type);
    e->below = *chain;
    *chain = e;
    enter_order(e);
    used.entries++;
    used.bytes += bytes;
}

int cache_find(const struct name *name, uint16_t type, int64_t now, struct ip_address *addresses, unsigned most)
{
    struct entry **at = place_of(name, type), *e = *at;
    if (!e)
        return -1;
    if (e->until <= now) {
        remove_at(at);
        return -1;
    }
    leave_order(e);
    enter_order(e);
    size_t each = address_size(type);
    unsigned count = e->count < most ? e->count : most;
    for (unsigned i = 0; i < count; i++) {
        addresses[i] = (struct ip_address){.family = type == TYPE_A ? IP_V4 : IP_V6};
        memcpy(addresses[i].bytes, e->data + e->name_size + i * each, each);
    }
    return (int)count;
}

void cache_clear(void)
{
    while (oldest)
        remove_entry(oldest);
}

struct cache_bounds cache_size(void)
{
    return used;
}
