/*
 * map.c - linear probing over a table of a power of two, at most 3/4 full.
 *
 * The hash of a key is kept in its slot: growth needs no keys, and strcmp is
 * called for equal hashes only.  Nothing is ever removed.
 */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct map_slot {
    const char *key; /* NULL: free */
    uint32_t hash, value;
};

/* FNV-1a, 64 bits, folded. */
static uint32_t hash_key(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (const unsigned char *p = (const unsigned char *)key; *p; p++)
        h = (h ^ *p) * 0x100000001b3u;
    return (uint32_t)(h ^ h >> 32);
}

void map_dispose(struct map *m)
{
    free(m->slots);
    *m = (struct map){};
}

/* The slot of key, or the free one where it belongs.  The table has a free slot. */
static struct map_slot *find(const struct map *m, const char *key, uint32_t hash)
{
    size_t mask = m->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_slot *s = &m->slots[i];
        if (!s->key || (s->hash == hash && !strcmp(s->key, key)))
            return s;
    }
}

static void grow(struct map *m)
{
    struct map next = {.count = m->count, .capacity = m->capacity ? memory_product(m->capacity, 2) : 16};
    next.slots = memory_alloc(memory_product(next.capacity, sizeof *next.slots));
    for (size_t i = 0; i < m->capacity; i++) {
        if (!m->slots[i].key)
            continue;
        size_t at = m->slots[i].hash & (next.capacity - 1);
        while (next.slots[at].key)
            at = (at + 1) & (next.capacity - 1);
        next.slots[at] = m->slots[i];
    }
    free(m->slots);
    *m = next;
}

/* The slot of key; a new one has value MAP_ABSENT. */
static struct map_slot *claim(struct map *m, const char *key)
{
    if (m->count + 1 > m->capacity / 4 * 3)
        grow(m);
    uint32_t hash = hash_key(key);
    struct map_slot *s = find(m, key, hash);
    if (!s->key) {
        *s = (struct map_slot){.key = key, .hash = hash, .value = MAP_ABSENT};
        m->count++;
    }
    return s;
}

uint32_t map_add(struct map *m, const char *key, uint32_t value)
{
    struct map_slot *s = claim(m, key);
    uint32_t old = s->value;
    if (old == MAP_ABSENT)
        s->value = value;
    return old;
}

void map_set(struct map *m, const char *key, uint32_t value)
{
    claim(m, key)->value = value;
}

uint32_t map_get(const struct map *m, const char *key)
{
    if (!m->capacity)
        return MAP_ABSENT;
    const struct map_slot *s = find(m, key, hash_key(key));
    return s->key ? s->value : MAP_ABSENT;
}
