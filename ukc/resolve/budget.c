/*
 * budget.c - what keys say of memory: added up, and held against each other.
 */
#include "budget.h"

#include <inttypes.h>
#include <string.h>

#include "../base/arena.h"

static int64_t product(int64_t count, int64_t each)
{
    int64_t bytes;
    return count <= 0 ? 0 : __builtin_mul_overflow(count, each, &bytes) ? INT64_MAX : bytes;
}

static int64_t sum(int64_t x, int64_t y)
{
    int64_t bytes;
    return __builtin_add_overflow(x, y, &bytes) ? INT64_MAX : bytes;
}

static int64_t bytes_of(const struct plan_key *k)
{
    return k->value ? product(k->value->number, k->key->budget) : 0;
}

static const char *path_of(struct arena *a, const struct plan_instance *i, const struct plan_key *k)
{
    const char *name = k->key->name.text;
    return i->component->kind == COMPONENT_UNIKERNEL ? name : arena_printf(a, "%s.%s", i->name, name);
}

struct budgets plan_budgets(struct arena *a, const struct plan *p)
{
    VEC(struct budget) found = {};
    struct budgets all = {};
    for (size_t i = 0; i < p->instance_count; i++)
        for (size_t k = 0; k < p->instances[i].key_count; k++) {
            const struct plan_key *key = &p->instances[i].keys[k];
            if (!key->key->budget || key->key->within.text)
                continue;
            struct budget b = {.path = path_of(a, &p->instances[i], key), .most = bytes_of(key)};
            b.least = key->key->kind == KEY_KIND_size ? product(key->key->min, key->key->budget) : b.most;
            *vec_add(a, &found) = b;
            all.least = sum(all.least, b.least);
            all.most = sum(all.most, b.most);
        }
    all.items = found.items;
    all.count = found.count;
    return all;
}

static bool report(struct arena *a, const struct plan_instance *i, const struct plan_key *whole, int64_t needed, struct diag *d)
{
    const char *path = path_of(a, i, whole), *name = whole->key->name.text;
    const struct plan_key *part = NULL;
    size_t parts = 0;
    for (size_t k = 0; k < i->key_count; k++)
        if (string_equal(i->keys[k].key->within.text, name) && bytes_of(&i->keys[k]) > 0) {
            part = &i->keys[k];
            parts++;
        }
    /* the place is that of a value that somebody has set */
    bool at_part = part->origin != ORIGIN_DEFAULT && (whole->origin == ORIGIN_DEFAULT || part->origin > whole->origin);
    diag_error(d, at_part ? part->span : whole->span, "'%s' is %" PRId64 " bytes, and what it has to hold needs %" PRId64, path, bytes_of(whole), needed);
    for (size_t k = 0; k < i->key_count; k++) {
        const struct plan_key *key = &i->keys[k];
        if (string_equal(key->key->within.text, name) && bytes_of(key) > 0)
            diag_note(d, key->span, "'%s' is %" PRId64 ", of at least %" PRId64 " bytes each", path_of(a, i, key), key->value->number, key->key->budget);
    }
    int64_t fits = bytes_of(whole) / part->key->budget;
    bool can_grow = needed <= whole->key->max, can_shrink = parts == 1 && fits >= part->key->min;
    if (can_grow)
        diag_help(d, "--set %s=%" PRId64 " would do", path, needed);
    if (can_shrink)
        diag_help(d, "--set %s=%" PRId64 " is the most that fits", path_of(a, i, part), fits);
    if (!can_grow && !can_shrink)
        diag_help(d, "it can be %" PRId64 " at most: set lower what is within it", whole->key->max);
    return false;
}

bool plan_check_budgets(struct arena *a, const struct plan *p, struct diag *d)
{
    bool ok = true;
    for (size_t i = 0; i < p->instance_count; i++)
        for (size_t w = 0; w < p->instances[i].key_count; w++) {
            const struct plan_key *keys = p->instances[i].keys, *whole = &keys[w];
            int64_t needed = 0;
            for (size_t k = 0; k < p->instances[i].key_count; k++)
                if (string_equal(keys[k].key->within.text, whole->key->name.text))
                    needed = sum(needed, bytes_of(&keys[k]));
            if (whole->value && needed > bytes_of(whole))
                ok = report(a, &p->instances[i], whole, needed, d);
        }
    return ok;
}
