/*
 * sizes.c - see sizes.h.
 */
#include "sizes.h"
#include "../base/file.h"
#include "../base/map.h"
#include "../image/size.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char first_line[] = "ukc-sizes 1\n";

/* ---- writing ---- */

struct line {
    const char *name;
    uint64_t bytes;
};

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct line *)x)->name, ((const struct line *)y)->name);
}

static void put_lines(struct arena *a, const struct size_sum *sums, size_t count, struct text *out)
{
    struct line *lines = arena_array(a, struct line, count + 1);
    for (size_t i = 0; i < count; i++)
        lines[i] = (struct line){sums[i].name, sums[i].bytes};
    qsort(lines, count, sizeof *lines, by_name);
    for (size_t i = 0; i < count; i++)
        text_printf(out, SIZES_INSTANCE "%s\t%" PRIu64 "\n", lines[i].name, lines[i].bytes);
}

struct sizes sizes_make(struct project *p, const char *image, const struct size_report **report)
{
    struct size_sources from;
    struct sizes made = {};
    struct text t = {};
    struct diag *quiet = diag_create();
    const char *file = project_file(p, SIZES_FILE);
    size_find_sources(p->a, image, &from);
    const struct size_report *r = *report = size_read(p->a, &from, quiet);
    if (!r) {
        diag_warning(p->d, SPAN_NONE, "whose the bytes of '%s' are cannot be told: %s", image, diag_first(quiet));
        unlink(file);
    } else {
        made.instances = size_sums(p->a, r, SIZE_BY_instance, &made.count);
        text_puts(&t, first_line);
        put_lines(p->a, made.instances, made.count, &t);
        file_write(file, t.bytes, t.size, NULL, p->d);
    }
    text_dispose(&t);
    diag_destroy(quiet);
    return made;
}

/* ---- reading ---- */

static int by_bytes(const void *x, const void *y)
{
    const struct size_sum *a = x, *b = y;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    return strcmp(a->name, b->name);
}

struct sizes sizes_read(struct project *p)
{
    const char *file = project_file(p, SIZES_FILE);
    struct diag *quiet = diag_create();
    const struct source *s = file_is_regular(file) ? file_read(p->a, file, SPAN_NONE, 0, quiet) : NULL;
    VEC(struct size_sum) found = {};
    diag_destroy(quiet);
    if (!s || !string_starts(s->bytes, first_line))
        return (struct sizes){};
    for (const char *line = s->bytes; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t kind = strlen(SIZES_INSTANCE), n = strcspn(line, "\t\n");
        if (!string_starts(line, SIZES_INSTANCE) || line[n] != '\t')
            continue;
        const char *name = arena_strndup(p->a, line + kind, n - kind);
        *vec_add(p->a, &found) = (struct size_sum){.name = name, .instance = name, .bytes = strtoull(line + n, NULL, 10)};
    }
    if (found.count)
        qsort(found.items, found.count, sizeof *found.items, by_bytes);
    return (struct sizes){found.items, found.count};
}

/* ---- what changed ---- */

static uint64_t distance(const struct size_change *c)
{
    return c->now > c->before ? c->now - c->before : c->before - c->now;
}

static int by_distance(const void *x, const void *y)
{
    uint64_t a = distance(x), b = distance(y);
    if (a != b)
        return a > b ? -1 : 1;
    return strcmp(((const struct size_change *)x)->name, ((const struct size_change *)y)->name);
}

static uint64_t bytes_of(const struct sizes *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->instances[i].name, name) == 0)
            return s->instances[i].bytes;
    return 0;
}

const struct size_change *sizes_changes(struct arena *a, const struct sizes *before, const struct sizes *now, size_t *count)
{
    VEC(struct size_change) all = {};
    *count = 0;
    if (before->count == 0)
        return NULL;
    for (size_t i = 0; i < now->count; i++)
        *vec_add(a, &all) = (struct size_change){now->instances[i].name, bytes_of(before, now->instances[i].name), now->instances[i].bytes};
    for (size_t i = 0; i < before->count; i++)
        if (bytes_of(now, before->instances[i].name) == 0)
            *vec_add(a, &all) = (struct size_change){before->instances[i].name, before->instances[i].bytes, 0};
    for (size_t i = 0; i < all.count; i++)
        if (all.items[i].before != all.items[i].now)
            all.items[(*count)++] = all.items[i];
    if (*count)
        qsort(all.items, *count, sizeof *all.items, by_distance);
    return all.items;
}
