/*
 * audited.c - see audited.h.
 */
#include "audited.h"
#include "compiled.h"
#include "../base/audit.h"
#include "../base/file.h"
#include "../base/map.h"
#include "../../provenance/cache.h"
#include "../../provenance/store.h"
#include "../../provenance/toolset.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REPORTED_MOST = 20 };

struct seen {
    const char *kind, *path;
};

struct watched {
    const struct edge *edge; /* NULL: its output is none of the edges' */
    VEC(struct seen) seen;
    bool good; /* it made its output, and read nothing undeclared */
};

struct audited {
    struct project *p;
    struct arena *a;
    const struct edges *edges;
    struct map outputs; /* of edges: their places */
    VEC(struct watched) commands;
    struct map tools; /* files of the tools and of what they load */
    struct map reported, readable;
    struct map removed; /* outputs of commands that read what they should not */
    size_t count;
    int64_t since_ns; /* what is older was made before */
};

/* ---- the log ---- */

static bool names_output(const char *option)
{
    return string_equal(option, "-o") || string_equal(option, "--output");
}

/* The edge whose output the command names: after -o, or at its end. */
static const struct edge *edge_of(struct audited *x, const char *command)
{
    struct edge split;
    if (!edge_split(x->a, command, &split))
        return NULL;
    for (size_t i = 1; i < split.word_count; i++) {
        if (i + 1 < split.word_count && !names_output(split.words[i - 1]))
            continue;
        uint32_t at = map_get(&x->outputs, split.words[i]);
        if (at != MAP_ABSENT)
            return &x->edges->items[at];
    }
    return NULL;
}

static bool read_log(struct audited *x, const char *path)
{
    const struct source *s = file_read(x->a, path, SPAN_NONE, 0, x->p->d);
    struct map current = {}; /* pid: the command that has it now */
    struct audit_line line;
    for (const char *next = s ? s->bytes : ""; audit_read_line(x->a, &next, &line);) {
        uint32_t at = map_get(&current, line.pid);
        if (string_equal(line.kind, "action")) {
            map_set(&current, line.pid, (uint32_t)x->commands.count);
            *vec_add(x->a, &x->commands) = (struct watched){.edge = edge_of(x, line.what)};
        } else if (at != MAP_ABSENT) {
            *vec_add(x->a, &x->commands.items[at].seen) = (struct seen){line.kind, line.what};
        }
    }
    map_dispose(&current);
    return s != NULL;
}

/* ---- what is declared ---- */

/* As the log writes it. */
static const char *logged(struct audited *x, const char *path)
{
    path = path_normal(x->a, *path == '/' ? path : path_join(x->a, x->p->directory, path));
    size_t n = strlen(x->p->directory);
    return strncmp(path, x->p->directory, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static const char *real(struct arena *a, const char *path)
{
    char *found = realpath(path, NULL);
    const char *kept = found ? arena_strdup(a, found) : path;
    free(found);
    return kept;
}

/* False: they are not known, of which nothing is said here: the record will say it. */
static bool read_tools(struct audited *x)
{
    VEC(const char *) names = {};
    for (size_t i = 0; i < x->edges->count; i++)
        for (size_t k = 0; k < x->edges->items[i].word_count; k++) {
            const char *word = x->edges->items[i].words[k];
            const char *name = k == 0 ? word : string_starts(word, "--ld-path=") ? word + strlen("--ld-path=") : NULL;
            if (name && toolset_is_program(name))
                *vec_add(x->a, &names) = name;
        }
    names.count = names.count ? string_sort_unique(names.items, names.count) : 0;
    struct diag *quiet = diag_create();
    struct store *store = store_open(NULL, quiet);
    const struct toolset *t = store ? toolset_find(x->a, store_directory(store), names.items, names.count, quiet) : NULL;
    for (size_t i = 0; t && i < t->file_count; i++)
        map_add(&x->tools, t->files[i], 1);
    store_close(store);
    diag_destroy(quiet);
    return t;
}

static bool is_tool(struct audited *x, const char *path)
{
    uint32_t known = map_get(&x->tools, path);
    if (known == MAP_ABSENT) {
        known = map_get(&x->tools, real(x->a, path)) != MAP_ABSENT;
        map_add(&x->tools, path, known);
    }
    return known;
}

static bool has_word(const struct edge *e, const char *word)
{
    for (size_t i = 0; i < e->word_count; i++)
        if (string_equal(e->words[i], word))
            return true;
    return false;
}

/* A directory that the command names, as pkg-config gave it. */
static bool is_in_named_directory(const struct edge *e, const char *path)
{
    static const char *const names[] = {"-I", "-isystem", "-L"};
    for (size_t i = 0; i < e->word_count; i++)
        for (size_t k = 0; k < 3; k++) {
            const char *directory = e->words[i] + strlen(names[k]);
            if (string_starts(e->words[i], names[k]) && *directory == '/' && string_starts(path, directory))
                return true;
        }
    return false;
}

/* May the compiler's list of dependencies name it?  What is outside only for an image with the host's C library, and there its headers and libraries. */
static bool is_dependency(const struct edge *e, const char *path)
{
    if (*path != '/')
        return true;
    if (has_word(e, "-nostdlibinc") || has_word(e, "-nostdinc") || has_word(e, "-nostdlib"))
        return false;
    return string_starts(path, "/usr/") || string_starts(path, "/lib") || is_in_named_directory(e, path);
}

/* Of one edge: as the log writes them, and where links lead, which is asked only for what is not found by its name. */
struct declared {
    const struct edge *edge;
    struct map names, real;
    bool real_read;
};

static void declare_all(struct audited *x, const struct edge *e, struct map *names, bool resolve)
{
    for (size_t i = 0; i < e->input_count; i++)
        map_add(names, resolve ? real(x->a, e->inputs[i]) : logged(x, e->inputs[i]), 1);
    for (size_t i = 0; i < e->read_count; i++) {
        const char *path = logged(x, e->read[i]);
        if (is_dependency(e, path))
            map_add(names, resolve ? real(x->a, e->read[i]) : path, 1);
    }
}

static bool is_declared(struct audited *x, struct declared *declared, const char *path)
{
    if (map_get(&declared->names, path) != MAP_ABSENT || toolset_is_host_file(path) || is_tool(x, path))
        return true;
    if (!declared->real_read)
        declare_all(x, declared->edge, &declared->real, true);
    declared->real_read = true;
    return map_get(&declared->real, real(x->a, path)) != MAP_ABSENT;
}

/* ---- saying what is not ---- */

/* Where a source says so: the line with the file's name. */
static struct span find_mention(struct audited *x, const struct edge *e, const char *path)
{
    const char *name = path_base(path);
    for (size_t i = 0; i < e->read_count + (e->input_count > 0); i++) {
        const char *file = i == 0 && e->input_count ? e->inputs[0] : e->read[i - (e->input_count > 0)];
        struct diag *quiet = diag_create();
        const struct source *s = string_ends(file, ".o") || *file == '/' ? NULL : file_read(x->a, file, SPAN_NONE, (size_t)1 << 20, quiet);
        diag_destroy(quiet);
        const char *at = s ? strstr(s->bytes, name) : NULL;
        if (!at)
            continue;
        struct span span = {.source = s, .line = 1, .column = 1, .length = (uint32_t)strlen(name)};
        for (const char *p = s->bytes; p < at; p++) {
            span.column = *p == '\n' ? 1 : span.column + 1;
            span.line += *p == '\n';
        }
        return span;
    }
    return SPAN_NONE;
}

static bool report(struct audited *x, struct watched *c, const struct seen *s)
{
    const struct edge *e = c->edge;
    struct diag *d = x->p->d;
    bool outside = *s->path == '/';
    if (map_add(&x->reported, arena_printf(x->a, "%s %s", s->kind, s->path), 1) != MAP_ABSENT || x->count++ >= REPORTED_MOST)
        return false;
    if (string_equal(s->kind, "network")) {
        diag_fail(d, DIAG_INPUT, SPAN_NONE, "'%s' asks for the network (%s) to make '%s'", e->words[0], s->path, e->output);
        return diag_help(d, "what a build needs is fetched by 'ukc configure' and pinned in ukc.lock; compilers have no network");
    }
    if (string_equal(s->kind, "run")) {
        diag_fail(d, DIAG_INPUT, SPAN_NONE, "'%s' is run to make '%s', and is none of the tools", s->path, e->output);
        return diag_help(d, "the '%s' that PATH leads to starts another program, which no record would name: put the compilers' own directory first", e->words[0]);
    }
    diag_fail(d, DIAG_INPUT, find_mention(x, e, s->path), "'%s' is read, and declared nowhere", s->path);
    diag_note(d, SPAN_NONE, "'%s' reads it to make '%s'", e->words[0], e->output);
    for (size_t i = 0; outside && i < e->read_count; i++)
        if (string_equal(logged(x, e->read[i]), s->path))
            return diag_help(d, "it is outside the project: copy it beside the manifest, or import the library that it belongs to ('ukc help manifest')");
    if (outside)
        return diag_help(d, "copy it into the project, and name it where ukc sees it: '#embed \"%s\"' in C, or a directory that the manifest embeds", path_base(s->path));
    return diag_help(d, "name it where ukc sees it: '#embed \"%s\"' in C, or a directory that the manifest embeds", path_base(s->path));
}

/* ---- checking ---- */

/* Whether its command has ended well or not: what was refused it is said here. */
static bool has_pipe(struct audited *x, const struct watched *c)
{
    bool found = false;
    for (size_t i = 0; c->edge && i < c->seen.count; i++) {
        const struct seen *s = &c->seen.items[i];
        if (!string_equal(s->kind, "pipe"))
            continue;
        found = true;
        if (map_add(&x->reported, arena_printf(x->a, "%s %s", s->kind, s->path), 1) != MAP_ABSENT)
            continue;
        diag_fail(x->p->d, DIAG_INPUT, find_mention(x, c->edge, s->path), "'%s' is a named pipe: '%s' would wait for somebody to write to it", s->path, c->edge->words[0]);
        diag_help(x->p->d, "put a file in its place");
    }
    return found;
}

/* A program that is no tool: what it reads is nothing that anybody could declare. */
static bool runs_strange(struct audited *x, const struct watched *c)
{
    for (size_t i = 0; i < c->seen.count; i++)
        if (string_equal(c->seen.items[i].kind, "run") && !is_tool(x, c->seen.items[i].path))
            return true;
    return false;
}

static bool check_command(struct audited *x, struct watched *c)
{
    struct declared declared = {.edge = c->edge};
    bool good = edge_is_readable(x->p, c->edge, &x->readable);
    if (!good) /* the list is not one to compare with */
        return false;
    declare_all(x, c->edge, &declared.names, false);
    map_add(&declared.names, arena_printf(x->a, "%s.rsp", c->edge->output), 1);
    bool strange = runs_strange(x, c);
    for (size_t i = 0; i < c->seen.count; i++) {
        const struct seen *s = &c->seen.items[i];
        bool reads = string_equal(s->kind, "read") && !strange, runs = string_equal(s->kind, "run");
        if (string_equal(s->kind, "missed"))
            c->good = false;
        if ((reads && !is_declared(x, &declared, s->path)) || (runs && !is_tool(x, s->path)) || string_equal(s->kind, "network"))
            good = report(x, c, s);
    }
    map_dispose(&declared.names);
    map_dispose(&declared.real);
    return good;
}

static bool reads_removed(struct audited *x, const struct edge *e)
{
    for (size_t i = 0; i < e->input_count; i++)
        if (map_get(&x->removed, e->inputs[i]) != MAP_ABSENT)
            return true;
    return false;
}

static bool is_ukcs(const struct edge *e)
{
    return string_equal(e->rule, "embed") || string_equal(e->rule, "library") || string_equal(e->rule, "configure");
}

/* All commands of the log that made one of the edges' outputs. */
static bool check_all(struct audited *x, const char *log)
{
    bool good = true;
    for (size_t i = 0; i < x->edges->count; i++)
        map_add(&x->outputs, x->edges->items[i].output, (uint32_t)i);
    if (!read_log(x, log))
        return false;
    if (x->commands.count && !read_tools(x)) {
        x->p->unwatched = "what the tools are cannot be found out";
        return true;
    }
    for (size_t i = 0; i < x->commands.count; i++) {
        struct watched *c = &x->commands.items[i];
        struct file_stat now;
        c->good = c->edge && file_stat(c->edge->output, &now) && (is_ukcs(c->edge) || now.mtime_ns >= x->since_ns);
        if (has_pipe(x, c) || (c->good && !is_ukcs(c->edge) && (reads_removed(x, c->edge) || !check_command(x, c)))) {
            good = c->good = false;
            map_add(&x->removed, c->edge->output, 1);
            unlink(c->edge->output);
        }
    }
    if (x->count > REPORTED_MOST)
        diag_note(x->p->d, SPAN_NONE, "and %zu more", x->count - REPORTED_MOST);
    return good;
}

static void dispose(struct audited *x)
{
    map_dispose(&x->outputs);
    map_dispose(&x->tools);
    map_dispose(&x->reported);
    map_dispose(&x->readable);
    map_dispose(&x->removed);
}

static bool note_all(struct audited *x)
{
    VEC(struct audited_output) good = {};
    for (size_t i = 0; i < x->commands.count; i++) {
        const struct watched *c = &x->commands.items[i];
        if (!c->good)
            continue;
        VEC(const char *) absent = {};
        for (size_t k = 0; k < c->seen.count; k++)
            if (string_equal(c->seen.items[k].kind, "absent"))
                *vec_add(x->a, &absent) = c->seen.items[k].path;
        *vec_add(x->a, &good) = (struct audited_output){c->edge->output, absent.items, absent.count};
    }
    return audited_note(x->p, x->edges, good.items, good.count);
}

/* ---- what other builds may take ---- */

/* In no list of others: a file of the project by its name in it, whatever the compiler's list calls it. */
static const char *const *own_names(struct audited *x, const char *const *paths, size_t count, struct map *seen, size_t *kept)
{
    path_list list = {};
    for (size_t i = 0; i < count; i++) {
        const char *path = *paths[i] == '/' ? logged(x, paths[i]) : paths[i];
        if (map_add(seen, path, 1) == MAP_ABSENT)
            *vec_add(x->a, &list) = path;
    }
    *kept = list.count;
    return list.items;
}

/* Headers of the host are not kept track of: what would come in front of one, nobody has seen. */
static bool reads_host(struct audited *x, const struct edge *e)
{
    for (size_t i = 0; i < e->read_count; i++) {
        const char *path = logged(x, e->read[i]);
        if (*path == '/' && !is_tool(x, path))
            return true;
    }
    return false;
}

static bool has_seen(const struct watched *c, const char *kind)
{
    for (size_t i = 0; i < c->seen.count; i++)
        if (string_equal(c->seen.items[i].kind, kind))
            return true;
    return false;
}

static void keep_object(struct audited *x, struct compiled *compiled, const struct watched *c)
{
    const struct edge *e = c->edge;
    struct map seen = {};
    struct reads r = {};
    path_list absent = {};
    r.read = own_names(x, e->read, e->read_count, &seen, &r.read_count);
    r.input = own_names(x, e->inputs, e->input_count, &seen, &r.input_count);
    for (size_t i = 0; i < c->seen.count; i++)
        if (string_equal(c->seen.items[i].kind, "absent") && !audited_is_made(x->p, e->output, c->seen.items[i].path))
            *vec_add(x->a, &absent) = c->seen.items[i].path;
    r.absent = absent.items;
    r.absent_count = absent.count;
    compiled_keep(compiled, e->words, e->word_count, e->output, &r, x->p->watched_ns);
    map_dispose(&seen);
}

/* What the compiler made silently, and the audit found good, goes to the store's cache. */
static void keep_all(struct audited *x)
{
    struct diag *quiet = diag_create();
    struct store *store = getenv(CACHE_VARIABLE) ? NULL : store_open(NULL, quiet);
    struct compiled *compiled = store ? compiled_open(store_directory(store)) : NULL;
    bool any = false;
    for (size_t i = 0; compiled && i < x->commands.count; i++) {
        const struct watched *c = &x->commands.items[i];
        struct file_stat now;
        if (!c->good || !string_equal(c->edge->rule, "cc") || !has_seen(c, "silent") || !file_stat(c->edge->output, &now) ||
            now.mtime_ns < x->p->watched_ns || reads_host(x, c->edge))
            continue;
        keep_object(x, compiled, c);
        any = true;
    }
    if (any)
        cache_make_room(store_directory(store), CACHE_MOST);
    compiled_close(compiled);
    store_close(store);
    diag_destroy(quiet);
}

/* ---- a build ---- */

struct audit *audited_begin(struct project *p)
{
    const char *log = project_file(p, "audit.log");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now); /* as file systems do */
    p->watched_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    p->unwatched = NULL;
    struct audit *audit = audit_begin(&(struct audit_options){.log = log, .program = p->i->program, .called = edges_ukc(p)}, &p->unwatched);
    if (audit)
        setenv(AUDIT_VARIABLE, log, 1);
    if (given(p->i, OPTION_no_cache))
        setenv(CACHE_VARIABLE, "1", 1);
    return audit;
}

void audited_end(struct project *p, struct audit *audit)
{
    unsetenv(AUDIT_VARIABLE);
    if (audit && !audit_end(audit))
        p->unwatched = "its log could not be written";
}

bool audited_check(struct project *p, const struct edges *edges, bool ended_well)
{
    struct audited x = {.p = p, .a = p->a, .edges = edges, .since_ns = ended_well ? INT64_MIN : p->watched_ns};
    bool good = check_all(&x, project_file(p, "audit.log"));
    good = (p->unwatched || note_all(&x)) && good;
    if (!p->unwatched)
        keep_all(&x);
    dispose(&x);
    return good;
}

bool audited_check_below(struct project *p, const struct edges *edges, const char *log)
{
    struct audited x = {.p = p, .a = p->a, .edges = edges};
    bool good = check_all(&x, log);
    dispose(&x);
    return good;
}
