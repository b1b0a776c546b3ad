/*
 * message.c - see message.h.
 */
#include "message.h"

#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/text.h"
#include "engine.h"

static const char *number(const char *p, uint32_t *out)
{
    uint64_t n = 0;
    const char *begin = p;
    for (; *p >= '0' && *p <= '9' && n < UINT32_MAX / 10; p++)
        n = n * 10 + (uint64_t)(*p - '0');
    if (p == begin || *p != ':')
        return NULL;
    *out = (uint32_t)n;
    return p + 1;
}

const char *message_prefix(const char *message, uint32_t *chunk, uint32_t *line)
{
    uint32_t c, l;
    const char *p = message[0] == '#' ? number(message + 1, &c) : NULL;
    if (!p || !(p = number(p, &l)))
        return message;
    *chunk = c;
    *line = l;
    return *p == ' ' ? p + 1 : p;
}

/* ---- at run time ---- */

/*
 * The name on the line that is meant: "field 'x'" and "method 'x'" stand
 * after a dot or colon, other words do not, nor before '='.
 */
static uint32_t meant_name(const struct scan *scan, uint32_t line, const char *text, size_t length,
                           bool field)
{
    uint32_t first = NO_TOKEN;
    for (uint32_t t = 0; (t = scan_find(scan, line, text, length, t)) != NO_TOKEN; t++) {
        if (scan->tokens[t].kind != TOKEN_NAME)
            continue;
        uint32_t before = t > 0 ? scan->tokens[t - 1].kind : TOKEN_END;
        if ((before == '.' || before == ':') == field && (field || scan->tokens[t + 1].kind != '='))
            return t;
        if (first == NO_TOKEN)
            first = t;
    }
    return first;
}

/* The last 'quoted' word of the message that is a name on the line. */
static struct span quoted_place(const struct scan *scan, uint32_t line, const char *message)
{
    struct span found = scan_line(scan, line);
    for (const char *p = message; (p = strchr(p, '\''));) {
        const char *end = strchr(p + 1, '\'');
        if (!end)
            break;
        bool field = (p - message >= 6 && memcmp(p - 6, "field ", 6) == 0) ||
                     (p - message >= 7 && memcmp(p - 7, "method ", 7) == 0);
        uint32_t t = meant_name(scan, line, p + 1, (size_t)(end - p - 1), field);
        if (t != NO_TOKEN)
            found = scan_span(scan, t, t);
        p = end + 1;
    }
    return found;
}

void message_runtime(struct arena *a, const struct scan *scan, uint32_t line, const char *message,
                     struct diag *d)
{
    struct span place = quoted_place(scan, line, message);
    if (strstr(message, "stack overflow")) {
        diag_error(d, scan_line(scan, line), "calls are nested too deeply");
        diag_help(d, "a function may be calling itself without end");
        return;
    }
    diag_error(d, place, "%s", shown_within(a, message, strlen(message), 400));
    if (strstr(message, "a nil value (field"))
        diag_help(d, "the table has no such field");
}

/* ---- syntax ---- */

/* The token text in "... near 'x'"; false for "near <eof>" and messages without one. */
static bool near_token(const char *message, const char **text, size_t *length)
{
    const char *near = NULL;
    for (const char *p = message; (p = strstr(p, " near '")); p++)
        near = p;
    size_t n = near ? strlen(near) : 0;
    if (n < 9 || near[n - 1] != '\'')
        return false;
    *text = near + 7;
    *length = n - 8;
    return true;
}

static uint32_t guilty_token(const struct scan *scan, uint32_t line, const char *text,
                             size_t length, bool (*same)(void *, size_t), void *context)
{
    uint32_t first = NO_TOKEN, t = scan_find(scan, line, text, length, 0);
    for (int tries = 0; t != NO_TOKEN && tries < 50; tries++) {
        if (first == NO_TOKEN)
            first = t;
        if (same(context, scan->tokens[t].offset + scan->tokens[t].length))
            return t;
        t = scan_find(scan, line, text, length, t + 1);
    }
    return first;
}

/* Of an unfinished string or comment: where the message's text starts on its line, or the line. */
static struct span text_place(const struct scan *scan, uint32_t line, const char *text,
                              size_t length)
{
    struct span place = scan_line(scan, line);
    const char *p = scan->source->bytes;
    for (uint32_t n = 1; n < line && p; n++) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    const char *hit =
        p && length > 0 ? memmem(p, place.column - 1 + place.length, text, length) : NULL;
    if (hit) {
        place.column = (uint32_t)(hit - p) + 1;
        place.length = (uint32_t)length;
    }
    return place;
}

static bool is_opener(uint32_t kind)
{
    return kind == '{' || kind == '(' || kind == '[';
}

/*
 * The innermost bracket before `guilty` that is open where a line begins at its own line's indentation or before, which lines inside
 * of it would not.  NO_TOKEN when the indentation tells nothing; then *still is the innermost that is open there, or NO_TOKEN.
 */
static uint32_t unclosed(struct arena *a, const struct scan *scan, uint32_t guilty, uint32_t *still)
{
    *still = NO_TOKEN;
    struct open {
        uint32_t token, indentation;
    };
    VEC(struct open) open = {};
    uint32_t indentation = 1, line = 0;
    for (uint32_t t = 0; t <= guilty && t < scan->token_count; t++) {
        const struct token *k = &scan->tokens[t];
        bool begins = k->line != line, closes = k->kind == '}' || k->kind == ')' || k->kind == ']';
        if (begins) {
            line = k->line;
            indentation = k->column;
        }
        if (begins && open.count && !closes && k->kind != TOKEN_END && indentation <= open.items[open.count - 1].indentation)
            return open.items[open.count - 1].token;
        if (closes && open.count)
            open.count--;
        if (is_opener(k->kind))
            *vec_add(a, &open) = (struct open){t, indentation};
    }
    if (open.count)
        *still = open.items[open.count - 1].token;
    return NO_TOKEN;
}

/* Lua names the bracket that it misses, or none; the one that was forgotten may be another, further inside. */
static void note_unclosed(struct arena *a, const struct scan *scan, uint32_t guilty, uint32_t named, struct diag *d)
{
    uint32_t still = NO_TOKEN, t = guilty == NO_TOKEN ? NO_TOKEN : unclosed(a, scan, guilty, &still);
    if (t == NO_TOKEN && named == NO_TOKEN && still != NO_TOKEN && scan->tokens[guilty].kind == TOKEN_END)
        diag_note(d, scan_span(scan, still, still), "this '%c' is not closed", (char)scan->tokens[still].kind);
    else if (t != NO_TOKEN && t != named)
        diag_note(d, scan_span(scan, t, t), "is this '%c' the one that is not closed? The lines below it are not indented as if they were inside", (char)scan->tokens[t].kind);
}

/* "(to close '{' at line 3)" becomes a note with its place. */
static uint32_t note_opener(const struct scan *scan, const char *message, uint32_t guilty,
                        struct diag *d)
{
    const char *p = strstr(message, "(to close '");
    if (!p)
        return NO_TOKEN;
    const char *text = p + 11, *end = strchr(text, '\'');
    uint32_t line = 0;
    if (end && string_starts(end, "' at line "))
        line = (uint32_t)strtoul(end + 10, NULL, 10);
    uint32_t t = NO_TOKEN;
    for (uint32_t i = scan_find(scan, line, text, end ? (size_t)(end - text) : 0, 0);
         i != NO_TOKEN && i < guilty; i = scan_find(scan, line, text, (size_t)(end - text), i + 1))
        t = i; /* the last one before the error is a guess only when several stand on one line */
    if (t != NO_TOKEN)
        diag_note(d, scan_span(scan, t, t), "'%.*s' was opened here", (int)(end - text), text);
    return t;
}

static bool starts_field(const struct scan *scan, uint32_t t)
{
    uint32_t kind = scan->tokens[t].kind;
    return kind == TOKEN_NAME || kind == TOKEN_STRING || kind == TOKEN_NUMBER || kind == '{' ||
           kind == '[';
}

/* "near <eof>": behind the last token, or where the string or comment begins that has no end. */
static struct span end_place(const struct scan *scan, const char *message, size_t *size)
{
    const char *start = strstr(message, " (starting at line ");
    uint32_t last = scan->token_count > 1 ? scan->token_count - 2 : 0;
    *size -= strlen(" near <eof>");
    if (start) {
        uint32_t line = (uint32_t)strtoul(start + strlen(" (starting at line "), NULL, 10);
        *size = (size_t)(start - message);
        return scan->tokens[last].kind == TOKEN_STRING && scan->tokens[last].line == line
                   ? scan_span(scan, last, last)
                   : scan_line(scan, line);
    }
    struct span place = scan_span(scan, last, last);
    if (last + 1 < scan->token_count) {
        place.column += place.length;
        place.length = 1;
    }
    return place;
}

void message_syntax(struct arena *a, const struct scan *scan, uint32_t line, const char *message,
                    bool (*same)(void *context, size_t size), void *context, struct diag *d)
{
    if (strstr(message, "C stack overflow") || strstr(message, "too many C levels")) {
        diag_error(d, line ? scan_line(scan, line) : (struct span){.source = scan->source},
                   "syntax error: brackets or blocks are nested too deeply");
        return;
    }
    const char *text = "";
    size_t length = 0, size = strlen(message);
    struct span place = line ? scan_line(scan, line) : (struct span){.source = scan->source};
    uint32_t t = NO_TOKEN;
    if (near_token(message, &text, &length)) {
        t = guilty_token(scan, line, text, length, same, context);
        place = t != NO_TOKEN ? scan_span(scan, t, t) : text_place(scan, line, text, length);
        size = (size_t)(text - 7 - message);
    } else if (string_ends(message, " near <eof>")) {
        t = scan->token_count - 1;
        place = end_place(scan, message, &size);
    }
    const char *opened = strstr(message, " (to close ");
    if (opened && (size_t)(opened - message) < size)
        size = (size_t)(opened - message);
    if (length > 0)
        diag_error(d, place, "syntax error: %.*s near '%s'", (int)size, message,
                   shown(a, text, length));
    else
        diag_error(d, place, "syntax error: %.*s%s", (int)size, message,
                   t != NO_TOKEN && !string_starts(message, "unfinished")
                       ? " at the end of the file"
                       : "");
    note_unclosed(a, scan, string_starts(message, "unfinished") ? NO_TOKEN : t, note_opener(scan, message, t, d), d);
    if (t != NO_TOKEN && t > 0 && string_starts(message, "'}' expected") && starts_field(scan, t))
        diag_help(d, "is a comma missing before it?");
}
