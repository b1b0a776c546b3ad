/*
 * diag.c - collects diagnostics; render.c draws them.
 *
 * An error or warning and the notes after it are one group.  Groups that come
 * out equal are printed once in the whole run.  A run that goes wrong in the
 * same way ten thousand times stays readable: ERRORS_SHOWN groups are shown,
 * the others are counted.
 */
#include "diag.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "map.h"
#include "memory.h"
#include "render.h"
#include "text.h"

enum {
    ERRORS_SHOWN = 50,
    GROUPS_KEPT = 1000, /* between two calls of diag_print */
    NOTES_KEPT = 100,   /* in one group */
};

struct diag {
    struct arena *arena; /* texts of everything printed so far, and messages */
    VEC(struct remark) remarks; /* of the groups not printed yet, in order */
    size_t groups, notes;       /* groups kept; notes in the last of them */
    size_t left_out;            /* errors that were not kept */
    bool dropping;              /* notes belong to an error that was not kept */
    size_t errors, shown;
    enum diag_class status;
    const char *first; /* message of the first error */
    struct map printed;
    struct text message; /* scratch */
};

struct diag *diag_create(void)
{
    struct diag *d = memory_alloc(sizeof *d);
    d->arena = arena_create();
    return d;
}

void diag_destroy(struct diag *d)
{
    if (!d)
        return;
    text_dispose(&d->message);
    map_dispose(&d->printed);
    arena_destroy(d->arena);
    free(d);
}

size_t diag_errors(const struct diag *d)
{
    return d->errors;
}

enum diag_class diag_status(const struct diag *d)
{
    return d->status;
}

const char *diag_first(const struct diag *d)
{
    return d->first;
}

static void keep(struct diag *d, struct remark r, const char *format, va_list list)
{
    text_clear(&d->message);
    text_vprintf(&d->message, format, list);
    r.message = text_keep(&d->message, d->arena);
    *vec_add(d->arena, &d->remarks) = r;
    if (r.severity == SEVERITY_ERROR && !d->first)
        d->first = r.message;
}

static bool report(struct diag *d, struct remark r, const char *format, va_list list)
{
    bool error = r.severity == SEVERITY_ERROR;
    if (error && !d->errors++)
        d->status = r.class;
    d->dropping = d->groups == GROUPS_KEPT;
    d->left_out += d->dropping && error;
    if (!d->dropping) {
        d->groups++;
        d->notes = 0;
        keep(d, r, format, list);
    }
    return false;
}

static bool attach(struct diag *d, struct remark r, const char *format, va_list list)
{
    if (!d->dropping && d->notes < NOTES_KEPT) {
        d->notes++;
        keep(d, r, format, list);
    }
    return false;
}

bool diag_error(struct diag *d, struct span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    report(d, (struct remark){.severity = SEVERITY_ERROR, .class = DIAG_INPUT, .span = span}, format, list);
    va_end(list);
    return false;
}

bool diag_fail(struct diag *d, enum diag_class class, struct span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    report(d, (struct remark){.severity = SEVERITY_ERROR, .class = class, .span = span}, format, list);
    va_end(list);
    return false;
}

bool diag_warning(struct diag *d, struct span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    report(d, (struct remark){.severity = SEVERITY_WARNING, .span = span}, format, list);
    va_end(list);
    return false;
}

bool diag_note(struct diag *d, struct span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    attach(d, (struct remark){.severity = SEVERITY_NOTE, .span = span}, format, list);
    va_end(list);
    return false;
}

bool diag_help(struct diag *d, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    attach(d, (struct remark){.severity = SEVERITY_HELP}, format, list);
    va_end(list);
    return false;
}

/* The first remark after the group that starts at `first`. */
static size_t group_end(const struct diag *d, size_t first)
{
    size_t end = first + 1;
    while (end < d->remarks.count && d->remarks.items[end].severity >= SEVERITY_NOTE)
        end++;
    return end;
}

/* True the first time these remarks are seen. */
static bool is_new(struct map *seen, struct arena *a, const struct remark *group, size_t count)
{
    struct text drawn = {};
    render(&drawn, group, count, DIAG_TEXT);
    bool fresh = map_get(seen, text_string(&drawn)) == MAP_ABSENT;
    if (fresh)
        map_set(seen, text_keep(&drawn, a), 1);
    text_dispose(&drawn);
    return fresh;
}

static void print_count(size_t count, struct text *out, enum diag_format format)
{
    if (format == DIAG_JSON)
        text_printf(out, "{\"severity\":\"note\",\"message\":\"and %zu more %s\"}\n", count, count == 1 ? "error" : "errors");
    else
        text_printf(out, "and %zu more %s\n", count, count == 1 ? "error" : "errors");
}

static void draw(const struct diag *d, struct map *seen, size_t *shown, struct text *out, enum diag_format format)
{
    size_t more = d->left_out;
    for (size_t i = 0, end; i < d->remarks.count; i = end) {
        const struct remark *group = &d->remarks.items[i];
        end = group_end(d, i);
        if (!is_new(seen, d->arena, group, end - i))
            continue;
        if (group->severity == SEVERITY_ERROR && (*shown)++ >= ERRORS_SHOWN)
            more++;
        else
            render(out, group, end - i, format);
    }
    if (more)
        print_count(more, out, format);
}

void diag_print(struct diag *d, FILE *file, enum diag_format format)
{
    struct text out = {};
    draw(d, &d->printed, &d->shown, &out, format);
    fwrite(text_string(&out), 1, out.size, file);
    fflush(file);
    text_dispose(&out);
    d->remarks.count = d->groups = d->notes = d->left_out = 0;
    d->dropping = false;
}

void diag_lines(const struct diag *d, struct text *out)
{
    struct map seen = {};
    size_t shown = 0;
    draw(d, &seen, &shown, out, DIAG_JSON);
    map_dispose(&seen);
}
