/*
 * index.h - every key of the store in memory, sorted, and where its record is.
 */
#ifndef KV_BLOCK_INDEX_H
#define KV_BLOCK_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ukc/view.h>

struct entry {
    char *key;
    uint32_t key_size;
    uint64_t value_size, value_sum;
    uint64_t at;    /* sector in the log */
    uint64_t moved; /* where compaction puts it */
};

struct index {
    struct entry *entries;
    size_t count, room;
};

/* The place of a key, or where it would be. */
size_t index_find(const struct index *index, struct view key, bool *found);

static inline struct view entry_key(const struct entry *entry)
{
    return (struct view){entry->key, entry->key_size};
}

/* A copy of the key for index_put, and room for it: NULL is -ENOMEM.  So that putting cannot fail after the device has been written. */
char *index_prepare(struct index *index, struct view key);

/* Takes entry.key, which index_prepare gave; an entry with this key is replaced. */
void index_put(struct index *index, struct entry entry);
void index_remove(struct index *index, size_t at);
void index_clear(struct index *index);

#endif
