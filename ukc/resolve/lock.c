/*
 * lock.c - reading ukc.lock.  The file comes from a repository: every line is
 * checked, and nothing of it is believed that is not.
 */
#include "lock.h"

#include <stdlib.h>
#include <string.h>

#include "../base/arena.h"
#include "../base/file.h"
#include "../base/text.h"
#include "../load/manifest.h"

#define VERSION "1"
#define LIMIT ((size_t)16 << 20)

struct field {
    const char *text;
    struct span span;
};

struct reader {
    struct arena *arena;
    const struct source *source;
    struct diag *diag;
    size_t at;
    uint32_t line;
    struct field fields[11]; /* of the current line; one more than any line has */
    size_t count;
    struct span whole;
    VEC(struct lock_choice) choices;
    VEC(struct lock_pin) pins;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Splits the next line; false at the end.  A line of too many fields keeps the first nine. */
static bool read_line(struct reader *r)
{
    const char *bytes = r->source->bytes;
    if (r->at >= r->source->size)
        return false;
    const char *end = memchr(bytes + r->at, '\n', r->source->size - r->at);
    size_t start = r->at, stop = end ? (size_t)(end - bytes) : r->source->size;
    r->at = stop + 1;
    stop -= stop > start && bytes[stop - 1] == '\r'; /* as git checks it out where lines end so */
    r->line++;
    r->count = 0;
    r->whole = (struct span){r->source, r->line, 1, stop > start ? (uint32_t)(stop - start) : 1};
    for (size_t i = start; i < stop;) {
        if (is_blank(bytes[i])) {
            i++;
            continue;
        }
        size_t from = i;
        while (i < stop && !is_blank(bytes[i]))
            i++;
        if (r->count == sizeof r->fields / sizeof *r->fields)
            break;
        r->fields[r->count++] = (struct field){
            .text = arena_strndup(r->arena, bytes + from, i - from),
            .span = {r->source, r->line, (uint32_t)(from - start + 1), (uint32_t)(i - from)},
        };
    }
    return true;
}

static bool malformed(struct reader *r, struct span span, const char *what)
{
    diag_error(r->diag, span, "%s", what);
    return diag_help(r->diag, "take the file from version control, or correct the line; without the file, 'ukc configure' makes all choices anew");
}

static bool is_target(const char *s)
{
    return target_find(s) != TARGET_COUNT;
}

/* "a.b.c", no empty step */
static bool is_path(const char *s)
{
    return *s && *s != '.' && !string_ends(s, ".") && !strstr(s, "..");
}

/* "-" or "net=host,storage=file" */
static bool is_context(const char *s)
{
    if (!strcmp(s, "-"))
        return true;
    for (;;) {
        size_t n = strcspn(s, ","), name = strcspn(s, "=");
        if (!name || name >= n)
            return false;
        if (!s[n])
            return true;
        s += n + 1;
    }
}

static bool is_hex(const char *s, size_t least, size_t most)
{
    size_t n = strspn(s, "0123456789abcdef");
    return !s[n] && n >= least && n <= most;
}

static bool read_choice(struct reader *r)
{
    const struct field *f = r->fields;
    if (r->count != 7)
        return malformed(r, r->whole, "a choice is: choice UNIKERNEL TARGET CONTEXT PATH IMPLEMENTATION VERSION");
    if (!is_target(f[2].text))
        return malformed(r, f[2].span, "no target is called so");
    if (!is_context(f[3].text))
        return malformed(r, f[3].span, "a key context is 'key=value,...' or '-'");
    if (!is_path(f[4].text))
        return malformed(r, f[4].span, "a path is requirement names joined by dots");
    *vec_add(r->arena, &r->choices) =
        (struct lock_choice){f[1].text, f[2].text, f[3].text, f[4].text, f[5].text, f[6].text, r->whole};
    return true;
}

static bool read_pin(struct reader *r)
{
    const struct field *f = r->fields;
    bool from = r->count == 10 && !strcmp(f[8].text, "from");
    if ((r->count != 8 && !from) || strcmp(f[4].text, "tree") || strcmp(f[6].text, "sha256"))
        return malformed(r, r->whole, "a pin is: pin KIND NAME VERSION tree TREE sha256 HASH [from ADDRESS]");
    if (!is_hex(f[5].text, 40, 64))
        return malformed(r, f[5].span, "a git tree id is 40 to 64 hexadecimal digits");
    if (!is_hex(f[7].text, 64, 64))
        return malformed(r, f[7].span, "a SHA-256 is 64 hexadecimal digits");
    if (from && !is_hex(f[9].text, 64, 64))
        return malformed(r, f[9].span, "a SHA-256 is 64 hexadecimal digits");
    *vec_add(r->arena, &r->pins) =
        (struct lock_pin){f[1].text, f[2].text, f[3].text, f[5].text, f[7].text, r->whole, from ? f[9].text : NULL};
    return true;
}

static bool read_header(struct reader *r)
{
    bool any = read_line(r);
    if (!any || r->count != 2 || strcmp(r->fields[0].text, "ukc-lock") || !strspn(r->fields[1].text, "0123456789"))
        return malformed(r, r->whole.source ? r->whole : (struct span){r->source, 0, 0, 0}, "the first line of a lock file is 'ukc-lock " VERSION "'");
    if (!strcmp(r->fields[1].text, VERSION))
        return true;
    const char *format = r->fields[1].text;
    if (format[strspn(format, "0123456789")] || *format == '0')
        return malformed(r, r->fields[1].span, "the format of a lock file is a number from 1");
    diag_error(r->diag, r->fields[1].span, "this lock file has format %s, and this ukc knows format " VERSION, format);
    return diag_help(r->diag, "a newer ukc wrote it: use that, or remove the file and configure again");
}

static bool read_entry(struct reader *r)
{
    if (!r->count || *r->fields[0].text == '#')
        return true;
    for (size_t i = 0; i < r->count; i++)
        if (!string_is_clean_utf8(r->fields[i].text, strlen(r->fields[i].text)))
            return malformed(r, r->fields[i].span, "this is not clean UTF-8");
    if (!strcmp(r->fields[0].text, "choice"))
        return read_choice(r);
    if (!strcmp(r->fields[0].text, "pin"))
        return read_pin(r);
    return malformed(r, r->fields[0].span, "a line of a lock file starts with 'choice' or 'pin'");
}

int lock_choice_compare(const void *a, const void *b)
{
    const struct lock_choice *x = a, *y = b;
    int order = strcmp(x->unikernel, y->unikernel);
    order = order ? order : strcmp(x->target, y->target);
    order = order ? order : strcmp(x->context, y->context);
    return order ? order : strcmp(x->path, y->path);
}

int lock_pin_compare(const void *a, const void *b)
{
    const struct lock_pin *x = a, *y = b;
    int order = strcmp(x->kind, y->kind);
    order = order ? order : strcmp(x->name, y->name);
    order = order ? order : strcmp(x->version, y->version);
    return order ? order : strcmp(x->from ? x->from : "", y->from ? y->from : "");
}

bool lock_pin_same(const struct lock_pin *x, const struct lock_pin *y)
{
    return strcmp(x->kind, y->kind) == 0 && strcmp(x->name, y->name) == 0 && (!x->from || !y->from || strcmp(x->from, y->from) == 0);
}

static bool check_unique(struct reader *r)
{
    bool ok = true;
    for (size_t i = 1; i < r->choices.count; i++) {
        const struct lock_choice *x = &r->choices.items[i - 1], *y = &r->choices.items[i];
        if (lock_choice_compare(x, y))
            continue;
        ok = malformed(r, y->span, "this path is locked twice");
        diag_note(r->diag, x->span, "also here");
    }
    for (size_t i = 1; i < r->pins.count; i++) {
        const struct lock_pin *x = &r->pins.items[i - 1], *y = &r->pins.items[i];
        if (!lock_pin_same(x, y))
            continue;
        ok = malformed(r, y->span, "this source is pinned twice");
        diag_note(r->diag, x->span, "also here");
    }
    return ok;
}

const struct lock *lock_parse(struct arena *a, const struct source *source, struct diag *d)
{
    struct reader r = {.arena = a, .source = source, .diag = d};
    if (source->size && memchr(source->bytes, 0, source->size)) {
        diag_error(d, (struct span){source, 0, 0, 0}, "this is not a lock file: it holds NUL bytes");
        return NULL;
    }
    if (!read_header(&r))
        return NULL;
    bool ok = true;
    for (size_t mistakes = 0; mistakes < 20 && read_line(&r);) {
        bool fine = read_entry(&r);
        mistakes += !fine;
        ok &= fine;
    }
    if (r.choices.count)
        qsort(r.choices.items, r.choices.count, sizeof *r.choices.items, lock_choice_compare);
    if (r.pins.count)
        qsort(r.pins.items, r.pins.count, sizeof *r.pins.items, lock_pin_compare);
    if (!check_unique(&r) || !ok)
        return NULL;
    struct lock *lock = arena_new(a, struct lock);
    *lock = (struct lock){r.choices.items, r.choices.count, r.pins.items, r.pins.count};
    return lock;
}

const struct lock *lock_read(struct arena *a, const char *path, struct diag *d)
{
    if (!file_exists(path))
        return arena_new(a, struct lock);
    const struct source *source = file_read(a, path, SPAN_NONE, LIMIT, d);
    return source ? lock_parse(a, source, d) : NULL;
}
