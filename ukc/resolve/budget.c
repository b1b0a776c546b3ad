/*
 * budget.c - what keys say of memory: added up, held against each other and against what an image can address.
 */
#include "budget.h"

#include <inttypes.h>
#include <string.h>

#include "../base/arena.h"

/* Addresses of x86-64 that a process has, and that a machine's image maps (targets/pvh/map.c): 47 bits. */
#define MOST (INT64_C(1) << 47)

/* What is more than 63 bits can say is more than MOST too. */
static int64_t product(int64_t count, int64_t each)
{
    int64_t bytes;
    return count <= 0 ? 0 : __builtin_mul_overflow(count, each, &bytes) ? INT64_MAX : bytes;
}

/* Of a plan that was checked every one is MOST at most. */
static int64_t sum(int64_t x, int64_t y)
{
    int64_t bytes;
    return __builtin_add_overflow(x, y, &bytes) ? INT64_MAX : bytes;
}

static int64_t bytes_of(const struct plan_key *k)
{
    return k->value ? product(k->value->number, k->key->budget) : 0;
}

/* What is taken in any case. */
static int64_t least_of(const struct plan_key *k)
{
    return k->key->kind == KEY_KIND_size ? product(k->key->min, k->key->budget) : bytes_of(k);
}

static const char *path_of(struct arena *a, const struct plan_instance *i, const struct plan_key *k)
{
    const char *name = k->key->name.text;
    return i->component->kind == COMPONENT_UNIKERNEL ? name : arena_printf(a, "%s.%s", i->name, name);
}

static bool counts(const struct plan_key *k)
{
    return k->key->budget && !k->key->within.text;
}

struct budgets plan_budgets(struct arena *a, const struct plan *p)
{
    VEC(struct budget) found = {};
    struct budgets all = {};
    for (size_t i = 0; i < p->instance_count; i++)
        for (size_t k = 0; k < p->instances[i].key_count; k++) {
            const struct plan_key *key = &p->instances[i].keys[k];
            if (!counts(key))
                continue;
            struct budget b = {.path = path_of(a, &p->instances[i], key), .least = least_of(key), .most = bytes_of(key)};
            *vec_add(a, &found) = b;
            all.least = sum(all.least, b.least);
            all.most = sum(all.most, b.most);
        }
    all.items = found.items;
    all.count = found.count;
    return all;
}

/* ---- within another ---- */

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
    int64_t most = MOST / whole->key->budget < whole->key->max ? MOST / whole->key->budget : whole->key->max;
    int64_t enough = (needed - 1) / whole->key->budget + 1, fits = bytes_of(whole) / part->key->budget;
    bool can_grow = enough <= most, can_shrink = parts == 1 && fits >= part->key->min;
    if (can_grow)
        diag_help(d, "--set %s=%" PRId64 " would do", path, enough);
    if (can_shrink)
        diag_help(d, "--set %s=%" PRId64 " is the most that fits", path_of(a, i, part), fits);
    if (!can_grow && !can_shrink)
        diag_help(d, "it can be %" PRId64 " at most: set lower what is within it", most);
    return false;
}

static bool check_within(struct arena *a, const struct plan_instance *i, const struct plan_key *whole, struct diag *d)
{
    int64_t needed = 0;
    for (size_t k = 0; k < i->key_count && whole->key->budget; k++)
        if (string_equal(i->keys[k].key->within.text, whole->key->name.text))
            needed = sum(needed, bytes_of(&i->keys[k]));
    return !whole->value || needed <= bytes_of(whole) || report(a, i, whole, needed, d);
}

/* ---- more than can be ---- */

static bool report_too_much(struct arena *a, const struct plan_instance *i, const struct plan_key *k, struct diag *d)
{
    const char *path = path_of(a, i, k);
    int64_t fits = MOST / k->key->budget;
    if (k->key->budget == 1)
        diag_error(d, k->span, "'%s' is %s bytes of memory, and no image can have more than 128 TiB", path, k->value->text);
    else
        diag_error(d, k->span, "'%s' is %s, of %" PRId64 " bytes of memory each, and no image can have more than 128 TiB", path, k->value->text, k->key->budget);
    if (fits < k->key->min)
        return diag_help(d, "its 'min' of %" PRId64 " leaves no value that can be", k->key->min);
    return diag_help(d, "--set %s=%" PRId64 " is the most that can be addressed", path, fits);
}

static bool check_each(struct arena *a, const struct plan_instance *i, struct diag *d)
{
    bool ok = true;
    for (size_t k = 0; k < i->key_count; k++)
        if (bytes_of(&i->keys[k]) > MOST)
            ok = report_too_much(a, i, &i->keys[k], d);
    return ok;
}

/* All that is there from the start; the error is where the most is taken. */
static bool check_sum(struct arena *a, const struct plan *p, struct diag *d)
{
    const struct plan_instance *at = NULL;
    const struct plan_key *largest = NULL;
    int64_t all = 0;
    for (size_t i = 0; i < p->instance_count; i++)
        for (size_t k = 0; k < p->instances[i].key_count; k++) {
            const struct plan_key *key = &p->instances[i].keys[k];
            if (!counts(key))
                continue;
            all = sum(all, least_of(key));
            if (!largest || least_of(key) > least_of(largest)) {
                largest = key;
                at = &p->instances[i];
            }
        }
    if (all <= MOST)
        return true;
    diag_error(d, largest->span, "the keys of this image need %" PRId64 " bytes of memory together, and no image can have more than 128 TiB", all);
    return diag_help(d, "set lower what needs the most: '%s', %" PRId64 " bytes", path_of(a, at, largest), least_of(largest));
}

bool plan_check_budgets(struct arena *a, const struct plan *p, struct diag *d)
{
    bool ok = true;
    for (size_t i = 0; i < p->instance_count; i++)
        ok &= check_each(a, &p->instances[i], d);
    for (size_t i = 0; ok && i < p->instance_count; i++)
        for (size_t w = 0; w < p->instances[i].key_count; w++)
            ok &= check_within(a, &p->instances[i], &p->instances[i].keys[w], d);
    return ok && check_sum(a, p, d);
}
