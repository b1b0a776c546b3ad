/*
 * source.c - bytes from outside: what may pass as the text of a manifest, and what may appear in a
 * message.
 */
#include "engine.h"

#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/text.h"
#include "../base/utf8.h"

#define MANIFEST_LIMIT (16u << 20)

/* Why the bytes at p cannot be in a manifest, and how many they are; NULL when they can. */
static const char *refuse(const char *p, const char *end, size_t *length)
{
    *length = 1;
    if (*p == '\0')
        return "a NUL byte";
    if (*p == '\r')
        return p + 1 < end && p[1] == '\n' ? NULL : "a carriage return without a line feed";
    if (*p == '\n' || *p == '\t' || *p == '\f' || *p == '\v')
        return NULL;
    uint32_t code;
    size_t n = utf8_decode(p, (size_t)(end - p), &code);
    if (n == 0)
        return "a byte that is not UTF-8";
    *length = n;
    return utf8_is_control(code) ? "a control character" : NULL;
}

static bool check_text(const struct source *source, struct diag *d)
{
    const char *p = source->bytes, *end = p + source->size, *line = p;
    uint32_t number = 1;
    while (p < end) {
        size_t n;
        if (*p >= ' ' && *p < 0x7f) { /* nearly all of it */
            p++;
            continue;
        }
        const char *why = refuse(p, end, &n);
        if (why) /* no line is drawn: it cannot be shown */
            return diag_error(d,
                              (struct span){source, number, (uint32_t)(p - line) + 1, (uint32_t)n},
                              "the file contains %s here; a manifest is UTF-8 text", why);
        p += n;
        if (p[-1] == '\n') {
            number++;
            line = p;
        }
    }
    return true;
}

static const char *shown_path(struct arena *a, const char *path, const struct known_place *known)
{
    const char *away = known ? path_relative(a, known->directory, path) : NULL;
    return away && path_is_inside(away) ? arena_printf(a, "%s/%s", known->name, away) : NULL;
}

const struct source *engine_read(struct arena *a, const char *path, const struct known_place *known, struct span place,
                                 struct diag *d)
{
    const struct source *file = file_read(a, path, place, MANIFEST_LIMIT, d);
    if (!file)
        return NULL;
    bool marked = file->size >= 3 && memcmp(file->bytes, "\xef\xbb\xbf", 3) == 0;
    struct source *s = arena_new(a, struct source);
    *s = (struct source){file->path, file->bytes + 3 * marked, file->size - 3 * marked, shown_path(a, path, known)};
    return check_text(s, d) ? s : NULL;
}

const char *shown(struct arena *a, const char *s, size_t n)
{
    return shown_within(a, s, n, 60);
}

const char *shown_within(struct arena *a, const char *s, size_t n, size_t longest)
{
    struct text out = {};
    size_t i = 0;
    while (i < n && out.size < longest) {
        uint32_t code;
        size_t step = utf8_decode(s + i, n - i, &code);
        if (step == 0 || utf8_is_control(code))
            text_putc(&out, '?');
        else
            text_append(&out, s + i, step);
        i += step ? step : 1;
    }
    if (i < n)
        text_puts(&out, "...");
    const char *result = text_keep(&out, a);
    text_dispose(&out);
    return result;
}
