/*
 * embed_index.c - the hash table: at most half full, and every name within a few slots of its own.
 *
 * A few seeds are tried and the best is kept, so the bound on a look-up is
 * known when the image is built, whatever a client asks for.
 */
#include "embedding.h"

#include <string.h>

enum { SEEDS_MOST = 16, PROBE_GOOD = 4 };

/* Fills the slots; the furthest that any name ends up from its slot. */
static uint32_t fill(struct embed_index *index, uint32_t seed, const struct embed_entry *entries, uint32_t count, const char *strings)
{
    uint32_t mask = index->slot_count - 1, most = 0;
    memset(index->slots, 0, index->slot_count * sizeof *index->slots);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t hash = embed_hash(seed, strings + entries[i].name, entries[i].name_size), probe = 0;
        while (index->slots[(hash + probe) & mask].entry)
            probe++;
        index->slots[(hash + probe) & mask] = (struct embed_slot){.hash = hash, .entry = i + 1};
        most = probe > most ? probe : most;
    }
    return most;
}

struct embed_index embed_index_build(struct arena *a, const struct embed_entry *entries, uint32_t count, const char *strings)
{
    struct embed_index index = {.slot_count = 2, .probe_most = UINT32_MAX};
    while (index.slot_count < 2 * (uint64_t)count)
        index.slot_count *= 2;
    index.slots = arena_array(a, struct embed_slot, index.slot_count);
    for (uint32_t seed = 0; seed < SEEDS_MOST && index.probe_most > PROBE_GOOD; seed++) {
        uint32_t most = fill(&index, seed, entries, count, strings);
        if (most < index.probe_most) {
            index.probe_most = most;
            index.seed = seed;
        }
    }
    fill(&index, index.seed, entries, count, strings);
    return index;
}
