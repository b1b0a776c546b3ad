/*
 * pins.c - the pins of ukc.lock: which sources were fetched.
 */
#include "lock.h"
#include "../base/arena.h"
#include <stdlib.h>

const struct lock *lock_with_pins(struct arena *a, const struct lock *old, const struct lock_pin *pins, size_t count)
{
    VEC(struct lock_pin) all = {};
    for (size_t k = 0; k < count; k++) {
        bool twice = false;
        for (size_t n = 0; n < all.count; n++)
            twice |= lock_pin_same(&all.items[n], &pins[k]);
        if (!twice)
            *vec_add(a, &all) = pins[k];
    }
    if (all.count)
        qsort(all.items, all.count, sizeof all.items[0], lock_pin_compare);
    struct lock *out = arena_new(a, struct lock);
    *out = *old;
    out->pins = all.items;
    out->pin_count = all.count;
    return out;
}
