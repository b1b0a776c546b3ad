/*
 * size_way.c - how a part is reached from the image's entry.
 */
#include "size.h"
#include "../base/arena.h"

/* The first reference of a part. */
static size_t first_of(const struct size_report *r, size_t part)
{
    size_t low = 0, high = r->reference_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->references[middle].from < part)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const size_t *size_way(struct arena *a, const struct size_report *r, size_t part, size_t *count)
{
    size_t *before = arena_array(a, size_t, r->count + 1), *queue = arena_array(a, size_t, r->count + 1), head = 0, tail = 0;
    *count = 0;
    if (r->entry >= r->count || part >= r->count)
        return NULL;
    for (size_t i = 0; i < r->count; i++)
        before[i] = r->count;
    before[r->entry] = r->entry;
    queue[tail++] = r->entry;
    while (head < tail && before[part] == r->count) {
        size_t at = queue[head++];
        for (size_t k = first_of(r, at); k < r->reference_count && r->references[k].from == at; k++)
            if (before[r->references[k].to] == r->count) {
                before[r->references[k].to] = at;
                queue[tail++] = r->references[k].to;
            }
    }
    if (before[part] == r->count)
        return NULL;
    VEC(size_t) way = {};
    for (size_t at = part; *vec_add(a, &way) = at, at != r->entry;)
        at = before[at];
    vec_reverse(&way);
    *count = way.count;
    return way.items;
}
