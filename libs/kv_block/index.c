/*
 * index.c - a sorted array: small state, found fast and walked in order.
 */
#include "index.h"

#include <stdlib.h>
#include <string.h>
#include <ukc/kv_key.h>

size_t index_find(const struct index *index, struct view key, bool *found)
{
    size_t low = 0, high = index->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = kv_key_compare(key, entry_key(&index->entries[middle]));
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

char *index_prepare(struct index *index, struct view key)
{
    if (index->count == index->room) {
        size_t room = index->room ? 2 * index->room : 16;
        struct entry *more = reallocarray(index->entries, room, sizeof *more);
        if (more == NULL)
            return NULL;
        index->entries = more;
        index->room = room;
    }
    char *copy = malloc(key.size);
    if (copy)
        memcpy(copy, key.bytes, key.size);
    return copy;
}

void index_put(struct index *index, struct entry entry)
{
    bool found;
    size_t at = index_find(index, entry_key(&entry), &found);
    struct entry *place = index->entries + at;
    if (found) {
        free(place->key);
    } else {
        memmove(place + 1, place, (index->count - at) * sizeof *place);
        index->count++;
    }
    *place = entry;
}

void index_remove(struct index *index, size_t at)
{
    struct entry *place = index->entries + at;
    free(place->key);
    memmove(place, place + 1, (index->count - at - 1) * sizeof *place);
    index->count--;
}

void index_clear(struct index *index)
{
    for (size_t i = 0; i < index->count; i++)
        free(index->entries[i].key);
    free(index->entries);
    *index = (struct index){0};
}
