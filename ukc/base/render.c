/*
 * render.c - draws diagnostics as text, with colour, or as JSON.
 *
 * Columns of a span are bytes; the caret is placed by code points, and tabs
 * of the source line are repeated before it, so that it stands right at any
 * tab width.  A long line is cut to a window around the caret.
 */
#include "render.h"

#include <string.h>

#include "json.h"
#include "text.h"
#include "utf8.h"

enum {
    WINDOW = 100, /* code points shown of a source line */
    LEAD = 40,    /* of them, before the caret, when the line is cut at its start */
};

static const struct {
    const char *word, *colour;
} severities[] = {
    [SEVERITY_ERROR] = {"error", "\033[1;31m"},
    [SEVERITY_WARNING] = {"warning", "\033[1;35m"},
    [SEVERITY_NOTE] = {"note", "\033[1;36m"},
    [SEVERITY_HELP] = {"help", "\033[1;32m"},
};
#define BOLD "\033[1m"
#define CARET "\033[1;32m"
#define PLAIN "\033[0m"

static void coloured(struct text *out, bool colour, const char *code)
{
    if (colour)
        text_puts(out, code);
}

/* One code point of s, made harmless; returns its length in bytes. */
static size_t put_point(struct text *out, const char *s, size_t n)
{
    uint32_t code;
    size_t length = utf8_decode(s, n, &code);
    if (!length || (utf8_is_control(code) && code != '\t'))
        text_puts(out, UTF8_REPLACEMENT);
    else
        text_append(out, s, length);
    return length ? length : 1;
}

static size_t point_length(const char *s, size_t n)
{
    uint32_t code;
    size_t length = utf8_decode(s, n, &code);
    return length ? length : 1;
}

/* A message or path on one line: control characters as escapes. */
static void put_clean(struct text *out, const char *s)
{
    for (size_t n = strlen(s), length; n; s += length, n -= length) {
        uint32_t code;
        length = utf8_decode(s, n, &code);
        if (length && !utf8_is_control(code)) {
            text_append(out, s, length);
            continue;
        }
        length = length ? length : 1;
        if (*s == '\n')
            text_puts(out, "\\n");
        else if (*s == '\t')
            text_puts(out, " ");
        else
            for (size_t i = 0; i < length; i++)
                text_printf(out, "\\x%02x", (unsigned char)s[i]);
    }
}

struct view {
    const char *bytes;
    size_t size;
};

static bool find_line(struct span span, struct view *line)
{
    if (!span.source || !span.source->bytes || !span.line)
        return false;
    const char *s = span.source->bytes, *end = s + span.source->size;
    for (uint32_t at = 1; at < span.line; at++) {
        s = s < end ? memchr(s, '\n', (size_t)(end - s)) : NULL;
        if (!s)
            return false;
        s++;
    }
    const char *stop = s < end ? memchr(s, '\n', (size_t)(end - s)) : NULL;
    *line = (struct view){s, (size_t)((stop ? stop : end) - s)};
    if (line->size && s[line->size - 1] == '\r')
        line->size--;
    return true;
}

/* Where the code point that is `points` before `at` starts. */
static size_t step_back(struct view line, size_t at, size_t points)
{
    /* by counting forward: going back over malformed UTF-8 has no meaning */
    size_t total = 0;
    for (size_t i = 0; i < at; i += point_length(line.bytes + i, line.size - i))
        total++;
    size_t i = 0;
    for (; total > points; total--)
        i += point_length(line.bytes + i, line.size - i);
    return i;
}

static size_t step_forward(struct view line, size_t at, size_t points)
{
    while (points-- && at < line.size)
        at += point_length(line.bytes + at, line.size - at);
    return at < line.size ? at : line.size;
}

static void put_caret(struct text *out, struct view line, size_t from, size_t at, size_t end)
{
    for (size_t i = from; i < at; i += point_length(line.bytes + i, line.size - i))
        text_putc(out, line.bytes[i] == '\t' ? '\t' : ' ');
    text_putc(out, '^');
    if (at < line.size)
        at += point_length(line.bytes + at, line.size - at);
    for (; at < end; at += point_length(line.bytes + at, line.size - at))
        text_putc(out, '~');
}

static void put_source(struct text *out, struct span span, bool colour)
{
    struct view line;
    if (!span.column || !find_line(span, &line))
        return;
    size_t at = span.column - 1 < line.size ? span.column - 1 : line.size;
    size_t end = span.length < line.size - at ? at + span.length : line.size;
    size_t from = 0, to = step_forward(line, 0, WINDOW);
    if (to < line.size && end > step_forward(line, 0, WINDOW - 3)) {
        from = step_back(line, at, LEAD);
        to = step_forward(line, from, WINDOW);
    }
    if (end > to)
        end = to;
    text_printf(out, "%5u | %s", (unsigned)span.line, from ? "..." : "");
    for (size_t i = from; i < to;)
        i += put_point(out, line.bytes + i, line.size - i);
    text_printf(out, "%s\n      | %s", to < line.size ? "..." : "", from ? "   " : "");
    coloured(out, colour, CARET);
    put_caret(out, line, from, at, end);
    coloured(out, colour, PLAIN);
    text_putc(out, '\n');
}

static void put_remark(struct text *out, const struct remark *r, bool colour)
{
    coloured(out, colour, BOLD);
    if (r->span.source) {
        put_clean(out, source_shown(r->span.source));
        if (r->span.line)
            text_printf(out, ":%u", (unsigned)r->span.line);
        if (r->span.line && r->span.column)
            text_printf(out, ":%u", (unsigned)r->span.column);
        text_puts(out, ": ");
    }
    coloured(out, colour, severities[r->severity].colour);
    text_printf(out, "%s: ", severities[r->severity].word);
    coloured(out, colour, PLAIN);
    bool strong = r->severity <= SEVERITY_WARNING;
    coloured(out, colour && strong, BOLD);
    put_clean(out, r->message);
    coloured(out, colour && strong, PLAIN);
    text_putc(out, '\n');
    put_source(out, r->span, colour);
}

static void json_remark(struct json *j, const struct remark *r)
{
    json_field(j, "severity", severities[r->severity].word);
    if (r->severity == SEVERITY_ERROR)
        json_field_number(j, "status", r->class);
    if (r->span.source) {
        json_field(j, "path", r->span.source->path);
        if (r->span.line) {
            json_field_number(j, "line", r->span.line);
            json_field_number(j, "column", r->span.column);
            json_field_number(j, "length", r->span.length);
        }
    }
    json_field(j, "message", r->message);
}

static void render_json(struct text *out, const struct remark *group, size_t count)
{
    struct json j = {.compact = true};
    json_object(&j);
    json_remark(&j, group);
    json_key(&j, "notes");
    json_array(&j);
    for (size_t i = 1; i < count; i++) {
        json_object(&j);
        json_remark(&j, &group[i]);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    text_append(out, j.out.bytes, j.out.size);
    text_putc(out, '\n');
    text_dispose(&j.out);
}

void render(struct text *out, const struct remark *group, size_t count, enum diag_format format)
{
    if (format == DIAG_JSON) {
        render_json(out, group, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        put_remark(out, &group[i], format == DIAG_COLOUR);
}
