/*
 * kv_memory.c - keys and values in memory.
 *
 * An array of entries sorted by key.  An entry is one allocation, made before
 * the old one goes: a value that cannot be stored leaves the old one.
 */
#include "kv_memory.h"

#include <errno.h>
#include <stdlib.h>
#include "keys.h"

struct entry {
    size_t key_size, value_size;
    char bytes[]; /* the key, then the value */
};

static struct entry **entries;
static size_t count, room;
static uint64_t used; /* bytes of keys and values */

static struct view key_of(const struct entry *entry)
{
    return (struct view){entry->bytes, entry->key_size};
}

/* The index of the first entry whose key does not sort before this one. */
static size_t lower_bound(struct view key)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (kv_key_compare(key_of(entries[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool found_at(size_t index, struct view key)
{
    return index < count && view_equal(key_of(entries[index]), key);
}

void kv_memory_limits(struct kv_rw_limits *limits)
{
    *limits = (struct kv_rw_limits){.key_most = KV_KEY_MOST, .value_most = KEY_BYTES};
}

int64_t kv_memory_get(struct view key, void *buffer, size_t size)
{
    if (!kv_key_valid(key))
        return -EINVAL;
    size_t index = lower_bound(key);
    if (!found_at(index, key))
        return -ENOENT;
    const struct entry *entry = entries[index];
    size_t copied = entry->value_size < size ? entry->value_size : size;
    if (copied > 0)
        memcpy(buffer, entry->bytes + entry->key_size, copied);
    return (int64_t)entry->value_size;
}

static struct entry *entry_new(struct view key, struct view value)
{
    struct entry *entry = malloc(sizeof *entry + key.size + value.size);
    if (entry == NULL)
        return NULL;
    entry->key_size = key.size;
    entry->value_size = value.size;
    memcpy(entry->bytes, key.bytes, key.size);
    if (value.size > 0)
        memcpy(entry->bytes + key.size, value.bytes, value.size);
    return entry;
}

static bool make_room(void)
{
    if (count < room)
        return true;
    size_t larger = room ? room * 2 : 16;
    struct entry **moved = realloc(entries, larger * sizeof *moved);
    if (moved == NULL)
        return false;
    entries = moved;
    room = larger;
    return true;
}

int kv_memory_set(struct view key, struct view value)
{
    if (!kv_key_valid(key))
        return -EINVAL;
    size_t index = lower_bound(key);
    bool found = found_at(index, key);
    uint64_t kept = used - (found ? key.size + entries[index]->value_size : 0);
    uint64_t bytes = KEY_BYTES;
    if (value.size > bytes || key.size > bytes - value.size || key.size + value.size > bytes - kept)
        return -ENOSPC;
    if (!found && !make_room())
        return -ENOSPC;
    struct entry *entry = entry_new(key, value);
    if (entry == NULL)
        return -ENOSPC;
    if (found) {
        free(entries[index]);
    } else {
        memmove(entries + index + 1, entries + index, (count - index) * sizeof *entries);
        count++;
    }
    entries[index] = entry;
    used = kept + key.size + value.size;
    return 0;
}

int kv_memory_remove(struct view key)
{
    if (!kv_key_valid(key))
        return -EINVAL;
    size_t index = lower_bound(key);
    if (!found_at(index, key))
        return -ENOENT;
    used -= key.size + entries[index]->value_size;
    free(entries[index]);
    count--;
    memmove(entries + index, entries + index + 1, (count - index) * sizeof *entries);
    return 0;
}

int kv_memory_next(struct view after, struct view *key)
{
    static char last[KV_KEY_MOST]; /* outlives the entry; `after` may lie in it */
    size_t index = after.size > 0 ? lower_bound(after) : 0;
    if (after.size > 0 && found_at(index, after))
        index++;
    if (index == count)
        return -ENOENT;
    memcpy(last, entries[index]->bytes, entries[index]->key_size);
    *key = (struct view){last, entries[index]->key_size};
    return 0;
}

void kv_memory_stop(void)
{
    while (count > 0)
        free(entries[--count]);
    free(entries);
    entries = NULL;
    room = 0;
    used = 0;
}
