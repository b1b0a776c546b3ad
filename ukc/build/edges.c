/*
 * edges.c - asks Ninja for its commands (see edges.h).
 *
 * `ninja -t compdb -x` says each command in full, with what stands in response files; `-t query` its declared
 * inputs; `-t deps` what the compiler said it read.  Ninja's own account, so what is recorded is what it ran.
 */
#include "edges.h"
#include <stdlib.h>
#include <string.h>
#include "../base/audit.h"
#include "../base/file.h"
#include "../base/map.h"
#include "../base/process.h"
#include "../base/text.h"
#include "../../ninja/ninja.h"

#define QUERY_PATHS 4000 /* in one command: less than a kernel takes */

struct asking {
    struct project *p;
    const char *file, *tools;
    VEC(struct edge) edges;
    struct map by_output; /* its place in edges */
};

static const char *ask(struct asking *q, const char *const *words, size_t count)
{
    struct text out = {};
    VEC(const char *) argv = {};
    const char *const first[] = {ninja_program(), "-f", q->file, "-t"};
    for (size_t i = 0; i < 4; i++)
        *vec_add(q->p->a, &argv) = first[i];
    for (size_t i = 0; i < count; i++)
        *vec_add(q->p->a, &argv) = words[i];
    *vec_add(q->p->a, &argv) = NULL;
    int status = process_run(&(struct process){.argv = argv.items, .out = &out}, q->p->d);
    if (status > 0)
        diag_fail(q->p->d, DIAG_OUTSIDE, SPAN_NONE, "'ninja -t %s' failed with status %d", words[0], status);
    const char *text = status == 0 ? text_keep(&out, q->p->a) : NULL;
    text_dispose(&out);
    return text;
}

static bool unexpected(struct asking *q, const char *tool)
{
    return diag_fail(q->p->d, DIAG_OUTSIDE, SPAN_NONE, "'ninja -t %s' printed something that ukc does not understand", tool);
}

/* ---- words, as the shell splits them: plain, or in single quotes (text_shell_word) ---- */

bool edge_split(struct arena *a, const char *command, struct edge *e)
{
    VEC(const char *) words = {};
    struct text word = {};
    bool inside = false, any = false;
    for (const char *p = command;; p++) {
        if (*p == '\'') {
            inside = !inside;
            any = true;
        } else if (*p == 0 || (*p == ' ' && !inside)) {
            if (any)
                *vec_add(a, &words) = text_keep(&word, a);
            text_clear(&word);
            any = false;
            if (!*p)
                break;
        } else {
            if (*p == '\\' && !inside && p[1])
                p++;
            text_putc(&word, *p);
            any = true;
        }
    }
    text_dispose(&word);
    e->words = words.items;
    e->word_count = words.count;
    return !inside && words.count;
}

const char *edges_ukc(struct project *p)
{
    static const char name[] = "\nukc = ";
    struct diag *quiet = diag_create();
    const struct source *s = file_read(p->a, project_file(p, "build.ninja"), SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    const char *at = s ? strstr(s->bytes, name) : NULL;
    struct edge e = {};
    struct text value = {};
    for (at = at ? at + strlen(name) : ""; *at && *at != '\n'; at++) {
        if (*at == '$' && at[1])
            at++;
        text_putc(&value, *at);
    }
    bool good = edge_split(p->a, text_string(&value), &e) && e.word_count == 1;
    text_dispose(&value);
    return good ? e.words[0] : NULL;
}

/* ---- -t compdb: JSON, of which Ninja writes a line a member ---- */

static int hex_value(const char *p)
{
    int n = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        n = n * 16 + digit;
    }
    return n;
}

/* The string after "name": in this line; NULL: it is another member. */
static const char *member(struct arena *a, const char *line, size_t size, const char *name)
{
    const char *start = arena_printf(a, "    \"%s\": \"", name), *end = line + size;
    size_t n = strlen(start);
    struct text out = {};
    if (size < n || strncmp(line, start, n) != 0)
        return NULL;
    for (const char *p = line + n; p < end && *p != '"'; p++) {
        static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
        const char *at = *p == '\\' && p + 1 < end ? strchr(plain, p[1]) : NULL;
        if (*p != '\\') {
            text_putc(&out, *p);
        } else if (at && *at) {
            text_putc(&out, meant[at - plain]);
            p++;
        } else if (end - p >= 6 && p[1] == 'u' && hex_value(p + 2) > 0 && hex_value(p + 2) < 0x80) {
            text_putc(&out, (char)hex_value(p + 2));
            p += 5;
        }
    }
    const char *kept = text_keep(&out, a);
    text_dispose(&out);
    return kept;
}

/* "exec /usr/bin/ukc-compile CC ...": the command is what stands behind, whether it is run or its result taken from the store. */
static void drop_ukc(struct edge *e)
{
    if (e->word_count > 2 && string_equal(e->words[0], "exec") && string_ends(e->words[1], PROGRAM_COMPILE)) {
        e->words += 2;
        e->word_count -= 2;
    }
}

static bool read_commands(struct asking *q)
{
    struct arena *a = q->p->a;
    const char *text = ask(q, (const char *[]){"compdb", "-x"}, 2), *command = NULL;
    for (const char *line = text; line && *line;) {
        size_t n = strcspn(line, "\n");
        const char *c = member(a, line, n, "command"), *output = c ? NULL : member(a, line, n, "output");
        if (c)
            command = c;
        if (output && command && *command) {
            struct edge e = {.output = output};
            if (!edge_split(a, command, &e))
                return unexpected(q, "compdb");
            drop_ukc(&e);
            if (map_add(&q->by_output, output, (uint32_t)q->edges.count) == MAP_ABSENT)
                *vec_add(a, &q->edges) = e;
        }
        line += n + (line[n] == '\n');
    }
    return text && (q->edges.count || unexpected(q, "compdb"));
}

/* ---- -t query: "OUT:", "  input: RULE", "    PATH" or "    | PATH", "  outputs:" ---- */

static void take_query(struct asking *q, const char *text)
{
    struct arena *a = q->p->a;
    struct edge *e = NULL;
    VEC(const char *) inputs = {};
    bool among_inputs = false;
    for (const char *line = text; *line;) {
        size_t n = strcspn(line, "\n");
        if (*line != ' ' && n && line[n - 1] == ':') {
            uint32_t at = map_get(&q->by_output, arena_strndup(a, line, n - 1));
            e = at == MAP_ABSENT ? NULL : &q->edges.items[at];
            inputs.items = NULL;
            inputs.count = inputs.capacity = 0;
        } else if (e && strncmp(line, "  input: ", 9) == 0) {
            e->rule = arena_strndup(a, line + 9, n - 9);
            among_inputs = true;
        } else if (strncmp(line, "  outputs:", 10) == 0) {
            among_inputs = false;
        } else if (e && among_inputs && strncmp(line, "    ", 4) == 0) {
            const char *path = arena_strndup(a, line + 4, n - 4);
            path += string_starts(path, "|| ") ? 3 : string_starts(path, "| ") ? 2 : 0;
            if (!string_equal(path, q->tools))
                *vec_add(a, &inputs) = path;
            e->inputs = inputs.items;
            e->input_count = inputs.count;
        }
        line += n + (line[n] == '\n');
    }
}

static bool read_inputs(struct asking *q)
{
    const char *words[QUERY_PATHS + 1] = {"query"};
    for (size_t i = 0; i < q->edges.count;) {
        size_t n = 1;
        for (; n <= QUERY_PATHS && i < q->edges.count; i++)
            words[n++] = q->edges.items[i].output;
        const char *text = ask(q, words, n);
        if (!text)
            return false;
        take_query(q, text);
    }
    for (size_t i = 0; i < q->edges.count; i++)
        if (!q->edges.items[i].rule)
            return unexpected(q, "query");
    return true;
}

/* ---- -t deps: "OUT: #deps N, deps mtime ... (VALID)", "    PATH", an empty line ---- */

static bool read_dependencies(struct asking *q)
{
    struct arena *a = q->p->a;
    struct edge *e = NULL;
    VEC(const char *) paths = {};
    const char *text = ask(q, (const char *[]){"deps"}, 1);
    for (const char *line = text; line && *line;) {
        size_t n = strcspn(line, "\n");
        const char *colon = *line != ' ' ? strstr(line, ": #deps ") : NULL;
        if (colon && colon < line + n) {
            uint32_t at = map_get(&q->by_output, arena_strndup(a, line, (size_t)(colon - line)));
            e = at == MAP_ABSENT ? NULL : &q->edges.items[at];
            paths.items = NULL;
            paths.count = paths.capacity = 0;
        } else if (e && n > 4 && *line == ' ') {
            *vec_add(a, &paths) = arena_strndup(a, line + 4, n - 4);
            e->read = paths.items;
            e->read_count = paths.count;
        }
        line += n + (line[n] == '\n');
    }
    return text;
}

const struct edges *edges_read(struct project *p, const char *file, bool dependencies)
{
    struct asking q = {.p = p, .file = file, .tools = project_file(p, "tools.txt")};
    bool good = read_commands(&q) && read_inputs(&q) && (!dependencies || read_dependencies(&q));
    map_dispose(&q.by_output);
    struct edges *e = arena_new(p->a, struct edges);
    *e = (struct edges){q.edges.items, q.edges.count};
    return good ? e : NULL;
}

bool edge_is_readable(struct project *p, const struct edge *e, struct map *readable)
{
    for (size_t i = 0; i < e->read_count; i++) {
        if (map_get(readable, e->read[i]) != MAP_ABSENT)
            continue;
        if (file_exists(e->read[i])) {
            map_add(readable, e->read[i], 1);
            continue;
        }
        diag_fail(p->d, DIAG_OUTSIDE, SPAN_NONE, "cannot read '%s', which a compiler has read", e->read[i]);
        return diag_help(p->d, "is this the beginning of a header's name? Ninja cannot read those with quotes or one of & ; | * ? < > ^ \\ `: rename it");
    }
    return true;
}

/* ---- what an image needs ---- */

static int by_output(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    return strcmp(x->output, y->output);
}

const struct edges *edges_needed(struct project *p, const struct edges *all, const char *output)
{
    struct map places = {}, seen = {};
    VEC(const char *) waiting = {};
    VEC(struct edge) needed = {};
    for (size_t i = 0; i < all->count; i++)
        map_add(&places, all->items[i].output, (uint32_t)i);
    *vec_add(p->a, &waiting) = output;
    while (waiting.count) {
        const char *path = waiting.items[--waiting.count];
        uint32_t at = map_get(&places, path);
        if (at == MAP_ABSENT || map_add(&seen, path, 1) != MAP_ABSENT)
            continue;
        *vec_add(p->a, &needed) = all->items[at];
        for (size_t k = 0; k < all->items[at].input_count; k++)
            *vec_add(p->a, &waiting) = all->items[at].inputs[k];
    }
    map_dispose(&places);
    map_dispose(&seen);
    if (needed.count)
        qsort(needed.items, needed.count, sizeof *needed.items, by_output);
    struct edges *e = arena_new(p->a, struct edges);
    *e = (struct edges){needed.items, needed.count};
    return e;
}
