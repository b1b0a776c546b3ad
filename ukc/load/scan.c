/*
 * scan.c - table constructors and their fields, and the text that is run.
 *
 * Brackets and blocks are matched once; then each constructor is cut at the
 * commas of its own level, jumping over what is nested, so that the whole is
 * linear.  Nothing here recurses: nesting is the source's business.
 */
#include "scan.h"

#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/text.h"

/* ---- brackets and blocks ---- */

static bool opens(uint32_t kind)
{
    return kind == '(' || kind == '[' || kind == '{' || kind == TOKEN_FUNCTION ||
           kind == TOKEN_IF || kind == TOKEN_DO || kind == TOKEN_REPEAT;
}

static bool closes(uint32_t open, uint32_t kind)
{
    switch (kind) {
    case ')':
        return open == '(';
    case ']':
        return open == '[';
    case '}':
        return open == '{';
    case TOKEN_CLOSE:
        return open == TOKEN_FUNCTION || open == TOKEN_IF || open == TOKEN_DO;
    case TOKEN_UNTIL:
        return open == TOKEN_REPEAT;
    default:
        return false;
    }
}

static bool is_closer(uint32_t kind)
{
    return kind == ')' || kind == ']' || kind == '}' || kind == TOKEN_CLOSE || kind == TOKEN_UNTIL;
}

/* `match` of an open token holds the one around it until its end is found. */
static bool match_brackets(struct token *tokens, uint32_t count)
{
    uint32_t open = NO_TOKEN;
    for (uint32_t i = 0; i < count; i++) {
        if (opens(tokens[i].kind)) {
            tokens[i].match = open;
            open = i;
        } else if (is_closer(tokens[i].kind)) {
            if (open == NO_TOKEN || !closes(tokens[open].kind, tokens[i].kind))
                break;
            uint32_t outer = tokens[open].match;
            tokens[open].match = i;
            tokens[i].match = open;
            open = outer;
        } else if (tokens[i].kind == TOKEN_END && open == NO_TOKEN) {
            return true;
        }
    }
    while (open != NO_TOKEN) {
        uint32_t outer = tokens[open].match;
        tokens[open].match = NO_TOKEN;
        open = outer;
    }
    return false;
}

/* ---- fields ---- */

static bool decimal(const char *s, uint32_t n, int64_t *out)
{
    if (n == 0 || n > 9)
        return false;
    *out = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        *out = *out * 10 + (s[i] - '0');
    }
    return true;
}

/* ["x"] or [3] or [anything else]; `i` is the token after the bracket. */
static void bracket_key(const struct scan *scan, uint32_t i, uint32_t close, struct scan_field *f)
{
    const struct token *t = &scan->tokens[i];
    const char *s = scan->source->bytes + t->offset;
    f->key = i;
    f->kind = SCAN_COMPUTED;
    if (i + 1 != close)
        return;
    if (t->kind == TOKEN_STRING && s[0] != '[' && !memchr(s, '\\', t->length)) {
        f->kind = SCAN_NAME;
        f->name = s + 1;
        f->length = t->length - 2;
    } else if (t->kind == TOKEN_NUMBER && decimal(s, t->length, &f->position)) {
        f->kind = SCAN_POSITION;
    }
}

/* Reads the field that starts at token i; returns the token after it: ',', ';' or the table's end.
 */
static uint32_t read_field(const struct scan *scan, uint32_t i, uint32_t end, int64_t *position,
                           struct scan_field *f)
{
    const struct token *t = scan->tokens;
    *f = (struct scan_field){.kind = SCAN_COMPUTED, .key = i};
    if (t[i].kind == TOKEN_NAME && t[i + 1].kind == '=') {
        f->kind = SCAN_NAME;
        f->name = scan->source->bytes + t[i].offset;
        f->length = t[i].length;
        i += 2;
    } else if (t[i].kind == '[' && t[t[i].match + 1].kind == '=') {
        bracket_key(scan, i + 1, t[i].match, f);
        i = t[i].match + 2;
    } else {
        f->kind = SCAN_POSITION;
        f->position = ++*position;
    }
    f->value = f->value_end = i;
    while (i < end && t[i].kind != ',' && t[i].kind != ';') {
        if (opens(t[i].kind))
            i = t[i].match;
        f->value_end = i++;
    }
    return i;
}

static int compare_fields(const struct scan_field *a, const struct scan_field *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == SCAN_POSITION)
        return a->position < b->position ? -1 : a->position > b->position;
    if (a->kind == SCAN_COMPUTED)
        return 0;
    int order = memcmp(a->name, b->name, a->length < b->length ? a->length : b->length);
    return order ? order : a->length < b->length ? -1 : a->length > b->length;
}

static int compare_indexes(const void *a, const void *b, void *fields)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct scan_field *f = fields;
    int order = compare_fields(&f[i], &f[j]);
    return order ? order : i < j ? -1 : i > j;
}

/* Fields that begin in the table itself: one, and one more after each of its commas. */
static uint32_t count_fields(const struct scan_table *table)
{
    const struct token *t = table->scan->tokens;
    uint32_t count = 1;
    for (uint32_t i = table->open + 1; i < table->close; i++) {
        count += t[i].kind == ',' || t[i].kind == ';';
        if (opens(t[i].kind))
            i = t[i].match;
    }
    return count;
}

static void read_fields(struct arena *a, struct scan_table *table)
{
    const struct scan *scan = table->scan;
    uint32_t most = count_fields(table), count = 0;
    struct scan_field *fields = arena_array(a, struct scan_field, most);
    uint32_t *sorted = arena_array(a, uint32_t, most);
    int64_t position = 0;
    for (uint32_t i = table->open + 1; i < table->close; i++) {
        if (scan->tokens[i].kind == ',' || scan->tokens[i].kind == ';')
            continue; /* Lua refuses an empty field */
        sorted[count] = count;
        i = read_field(scan, i, table->close, &position, &fields[count++]);
    }
    if (count > 1)
        qsort_r(sorted, count, sizeof *sorted, compare_indexes, fields);
    table->fields = fields;
    table->field_count = count;
    table->sorted = sorted;
}

/* ---- calls ---- */

/* Looks back from the constructor: f {, f "x" {, f("x") {, a.f {, f({ */
static void read_call(struct scan_table *table)
{
    const struct token *t = table->scan->tokens;
    uint32_t i = table->open;
    table->callee = table->callee_end = table->argument = table->argument_end = NO_TOKEN;
    if (i > 0 && t[i - 1].kind == '(')
        i--;
    if (i > 0 && t[i - 1].kind == TOKEN_STRING) {
        table->argument = table->argument_end = --i;
    } else if (i > 0 && t[i - 1].kind == ')' && t[i - 1].match + 1 < i - 1) {
        table->argument_end = i - 2;
        i = t[i - 1].match;
        table->argument = i + 1;
    }
    if (i == 0 || t[i - 1].kind != TOKEN_NAME) {
        table->argument = table->argument_end = NO_TOKEN;
        return;
    }
    table->callee_end = table->callee = --i;
    while (i > 1 && t[i - 1].kind == '.' && t[i - 2].kind == TOKEN_NAME)
        table->callee = i -= 2;
}

/* ---- the text ---- */

/*
 * The tag comes first, as a last f() of the constructor gives all its values.  `#x` becomes
 * `__at^x`, which binds as tightly: Lua's own length of a table with holes depends on addresses
 * (length.c).
 */
static void write_text(struct arena *a, struct scan *scan, uint32_t first_id)
{
    struct text out = {};
    const char *bytes = scan->source->bytes;
    uint32_t done = 0, table = 0;
    for (uint32_t i = 0; i < scan->token_count; i++) {
        const struct token *t = &scan->tokens[i];
        bool opens = table < scan->table_count && scan->tables[table].open == i;
        /* behind a dot a name belongs: `a.#b` must stay the mistake that it is */
        bool measures = t->kind == '#' && !(i > 0 && scan->tokens[i - 1].kind == '.');
        if (!opens && !measures)
            continue;
        text_append(&out, bytes + done, t->offset + opens - done);
        if (opens)
            text_printf(&out, "[__at]=%u,", first_id + table++);
        else
            text_puts(&out, " __at^");
        done = t->offset + 1;
    }
    text_append(&out, bytes + done, scan->source->size - done);
    scan->text = text_keep(&out, a);
    scan->text_size = out.size;
    text_dispose(&out);
}

struct scan *scan_source(struct arena *a, const struct source *source, uint32_t first_id)
{
    struct scan *scan = arena_new(a, struct scan);
    *scan = (struct scan){.source = source, .text = source->bytes, .text_size = source->size};
    bool lexed = scan_tokens(a, scan);
    /* the tokens are this function's own until it returns */
    if (!match_brackets((struct token *)scan->tokens, scan->token_count) || !lexed)
        return scan;
    scan->whole = true;
    uint32_t count = 0;
    for (uint32_t i = 0; i < scan->token_count; i++)
        count += scan->tokens[i].kind == '{';
    scan->tables = arena_array(a, struct scan_table, count);
    for (uint32_t i = 0; i < scan->token_count; i++) {
        if (scan->tokens[i].kind != '{')
            continue;
        struct scan_table *table = &scan->tables[scan->table_count++];
        *table = (struct scan_table){.scan = scan, .open = i, .close = scan->tokens[i].match};
        read_fields(a, table);
        read_call(table);
    }
    write_text(a, scan, first_id);
    return scan;
}

/* ---- look-up ---- */

struct span scan_span(const struct scan *scan, uint32_t first, uint32_t last)
{
    const struct token *from = &scan->tokens[first], *to = &scan->tokens[last];
    const char *begin = scan->source->bytes + from->offset;
    size_t length = to->offset + to->length - from->offset;
    const char *line_end = memchr(begin, '\n', length);
    if (line_end)
        length = (size_t)(line_end - begin);
    while (length > 1 && strchr(" \t\r", begin[length - 1]))
        length--;
    return (struct span){scan->source, from->line, from->column, (uint32_t)length};
}

static uint32_t first_on_line(const struct scan *scan, uint32_t line)
{
    uint32_t low = 0, high = scan->token_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (scan->tokens[middle].line < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where a line begins; NULL when there is none.  From the nearest token, so that it takes no walk
 * through the file. */
static const char *line_begin(const struct scan *scan, uint32_t line)
{
    const char *p = scan->source->bytes, *end = p + scan->source->size;
    uint32_t i = first_on_line(scan, line), at = 1;
    if (i < scan->token_count && scan->tokens[i].line == line)
        return p + scan->tokens[i].offset - (scan->tokens[i].column - 1);
    if (i > 0) {
        at = scan->tokens[i - 1].line;
        p += scan->tokens[i - 1].offset;
    }
    for (; at < line; at++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (!p)
            return NULL;
        p++;
    }
    return p;
}

struct span scan_line(const struct scan *scan, uint32_t line)
{
    const char *p = line_begin(scan, line), *end = scan->source->bytes + scan->source->size;
    if (!p)
        return (struct span){.source = scan->source};
    const char *stop = memchr(p, '\n', (size_t)(end - p)), *begin = p;
    if (!stop)
        stop = end;
    while (begin < stop && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (stop > begin && strchr(" \t\r", stop[-1]))
        stop--;
    return (struct span){scan->source, line, (uint32_t)(begin - p) + 1, (uint32_t)(stop - begin)};
}

uint32_t scan_at(const struct scan *scan, struct span place)
{
    for (uint32_t i = first_on_line(scan, place.line);
         i < scan->token_count && scan->tokens[i].line == place.line; i++)
        if (scan->tokens[i].column == place.column)
            return i;
    return NO_TOKEN;
}

uint32_t scan_find(const struct scan *scan, uint32_t line, const char *text, size_t length,
                   uint32_t from)
{
    uint32_t i = first_on_line(scan, line);
    if (i < from)
        i = from;
    for (; i < scan->token_count && scan->tokens[i].line == line; i++)
        if (scan->tokens[i].length == length &&
            memcmp(scan->source->bytes + scan->tokens[i].offset, text, length) == 0)
            return i;
    return NO_TOKEN;
}

uint32_t scan_find_call(const struct scan *scan, uint32_t line, const char *word,
                        const char *argument)
{
    size_t n = strlen(word);
    uint32_t first = scan_find(scan, line, word, n, 0);
    for (uint32_t i = first; argument && i != NO_TOKEN; i = scan_find(scan, line, word, n, i + 1)) {
        uint32_t j = i + 1;
        if (scan->tokens[j].kind == '(')
            j++;
        const struct token *t = &scan->tokens[j];
        if (t->kind == TOKEN_STRING && t->length == strlen(argument) + 2 &&
            memcmp(scan->source->bytes + t->offset + 1, argument, t->length - 2) == 0)
            return i;
    }
    return first;
}

static const struct scan_field *find_field(const struct scan_table *table,
                                           const struct scan_field *wanted)
{
    uint32_t low = 0, high = table->field_count;
    while (low < high) { /* the last of equal ones: it is the one that counts */
        uint32_t middle = low + (high - low) / 2;
        if (compare_fields(&table->fields[table->sorted[middle]], wanted) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct scan_field *f = &table->fields[table->sorted[low - 1]];
    return compare_fields(f, wanted) == 0 ? f : NULL;
}

const struct scan_field *scan_field_named(const struct scan_table *table, const char *name,
                                          size_t length)
{
    if (length > UINT32_MAX)
        return NULL;
    return find_field(
        table, &(struct scan_field){.kind = SCAN_NAME, .name = name, .length = (uint32_t)length});
}

const struct scan_field *scan_field_at(const struct scan_table *table, int64_t position)
{
    return find_field(table, &(struct scan_field){.kind = SCAN_POSITION, .position = position});
}

void scan_duplicates(const struct scan *scan,
                     void (*report)(void *, const struct scan_table *, const struct scan_field *,
                                    const struct scan_field *),
                     void *context)
{
    for (uint32_t i = 0; i < scan->table_count; i++) {
        const struct scan_table *t = &scan->tables[i];
        for (uint32_t j = 1; j < t->field_count; j++) {
            const struct scan_field *a = &t->fields[t->sorted[j - 1]],
                                    *b = &t->fields[t->sorted[j]];
            if (a->kind == SCAN_NAME && compare_fields(a, b) == 0)
                report(context, t, a, b);
        }
    }
}
