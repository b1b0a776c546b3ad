/*
 * size_pruned.c - what was compiled for an instance, and is not in the image.
 *
 * A name is looked for among the symbols of the image, their aliases, and the functions that became part of others. An optimiser puts suffixes
 * behind names (".7", ".llvm.123", ".cfi"), and labels have their instance before them: both are taken away on either side. So of two functions with one name in
 * different files of an instance none is said to be gone while one is there.
 *
 * Constants with the same bytes become one when the image is linked, also those of several instances. Debug information still says of each where it lies, but calls "octets" what
 * in http_octet() is "http_octet.octets": of a name with a dot the end has to do, where it lies under another one's name.
 */
#include "size.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/map.h"

static bool is_suffix(const char *s, size_t n)
{
    static const char *const words[] = {"cfi", "llvm", "specialized"};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
        if (n == strlen(words[k]) && strncmp(s, words[k], n) == 0)
            return true;
    for (size_t k = 0; k < n; k++)
        if (!isdigit((unsigned char)s[k]))
            return false;
    return n > 0;
}

/* "http.stack.tcp_input.cfi" of http.stack: "tcp_input" */
static const char *plain(struct arena *a, const char *name, const char *instance)
{
    size_t skip = strlen(instance), n;
    if (strncmp(name, instance, skip) == 0 && name[skip] == '.')
        name += skip + 1;
    n = strlen(name);
    for (const char *dot; (dot = memrchr(name, '.', n)) && dot > name && is_suffix(dot + 1, n - (size_t)(dot + 1 - name));)
        n = (size_t)(dot - name);
    return arena_strndup(a, name, n);
}

bool size_is_named(struct arena *a, const struct size_part *p, const char *name)
{
    return strcmp(plain(a, p->symbol, p->instance), name) == 0;
}

/* Not where the part's own symbol is this variable of a function. */
bool size_is_merged(struct arena *a, const struct size_report *r, const struct size_name *n)
{
    const struct size_part *p = &r->parts[n->part];
    const char *symbol = plain(a, p->symbol, p->instance), *dot = strrchr(symbol, '.');
    return n->kind == SIZE_NAME_CODE && (strcmp(p->instance, n->instance) != 0 || !dot || strcmp(dot + 1, n->name) != 0);
}

/* Names of constants that lie under other names, each with a dot before it. */
static void find_merged(struct arena *a, const struct size_report *r, const char *instance, struct map *merged)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (strcmp(r->names[i].instance, instance) == 0 && size_is_merged(a, r, &r->names[i]))
            map_add(merged, arena_printf(a, ".%s", r->names[i].name), 1);
}

static bool is_there(const struct map *present, const struct map *merged, const char *name)
{
    const char *dot = strrchr(name, '.');
    return map_get(present, name) != MAP_ABSENT || (dot && map_get(merged, dot) != MAP_ABSENT);
}

static void find_present(struct arena *a, const struct size_report *r, const char *instance, struct map *present)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->parts[i].instance, instance) == 0)
            map_add(present, plain(a, r->parts[i].symbol, instance), 1);
    for (size_t i = 0; i < r->name_count; i++)
        if (strcmp(r->names[i].instance, instance) == 0)
            map_add(present, plain(a, r->names[i].name, instance), 1);
}

static int by_bytes(const void *x, const void *y)
{
    const struct size_pruned *a = x, *b = y;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    int order = strcmp(a->instance, b->instance);
    return order ? order : strcmp(a->symbol, b->symbol);
}

static uint64_t bytes_of(const struct size_report *r, const char *instance)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->parts[i].instance, instance) == 0)
            bytes += r->parts[i].bytes;
    return bytes;
}

struct pruned size_pruned(struct arena *a, const struct size_report *r, const char *instance, const struct size_weight *weights, size_t count, uint64_t alone)
{
    struct map present = {}, merged = {}, seen = {};
    struct size_pruned *all = arena_array(a, struct size_pruned, count + 1);
    struct pruned p = {.instance = instance, .alone = alone, .bytes = bytes_of(r, instance), .symbols = all};
    find_present(a, r, instance, &present);
    find_merged(a, r, instance, &merged);
    for (size_t i = 0; i < count; i++) {
        const char *name = plain(a, weights[i].name, instance);
        if (weights[i].bytes == 0 || is_there(&present, &merged, name))
            continue;
        uint32_t at = map_add(&seen, name, (uint32_t)p.count);
        if (at == MAP_ABSENT)
            all[p.count++] = (struct size_pruned){name, instance, weights[i].bytes};
        else
            all[at].bytes += weights[i].bytes;
        p.pruned += weights[i].bytes;
    }
    if (p.count)
        qsort(all, p.count, sizeof *all, by_bytes);
    map_dispose(&seen);
    map_dispose(&merged);
    map_dispose(&present);
    return p;
}

const struct size_pruned *pruned_symbols(struct arena *a, const struct pruned_list *p, size_t *count)
{
    VEC(struct size_pruned) all = {};
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->items[i].count; k++)
            *vec_add(a, &all) = p->items[i].symbols[k];
    if (all.count)
        qsort(all.items, all.count, sizeof *all.items, by_bytes);
    *count = all.count;
    return all.items;
}
