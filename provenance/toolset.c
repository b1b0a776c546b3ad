/*
 * toolset.c - see toolset.h.
 *
 * An entry of the cache: the count of the files that were looked at, a line each with size, time and inode, then
 * the length of the identity, the identity, and the packages.
 */
#include "toolset.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/map.h"
#include "../ukc/base/process.h"
#include "../ukc/base/text.h"
#include "cache.h"
#include "canon.h"

static const char loader_cache[] = "/etc/ld.so.cache"; /* which decides what libraries programs load */

struct part {
    const char *kind, *name, *path; /* "program", "library", "header" */
};

struct search {
    struct arena *a;
    struct diag *d;
    const char *directory; /* of the programs; NULL: those of PATH */
    VEC(struct part) parts, runtime; /* runtime: of the host */
    VEC(const char *) programs; /* absolute, in the order of the names */
    struct map seen;
};

static void add_runtime(struct search *s, const char *name, const char *path)
{
    if (map_add(&s->seen, arena_printf(s->a, "runtime %s", path), 1) == MAP_ABSENT)
        *vec_add(s->a, &s->runtime) = (struct part){"runtime", name, path};
}

static void add_part(struct search *s, const char *kind, const char *name, const char *path)
{
    if (map_add(&s->seen, arena_printf(s->a, "%s %s", kind, name), 1) == MAP_ABSENT)
        *vec_add(s->a, &s->parts) = (struct part){kind, name, path};
}

static bool find_programs(struct search *s, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *found = process_find(s->a, s->directory ? path_join(s->a, s->directory, names[i]) : names[i]);
        char *real = found ? realpath(found, NULL) : NULL;
        if (real) {
            *vec_add(s->a, &s->programs) = found;
            add_part(s, "program", names[i], arena_strdup(s->a, real));
        } else {
            diag_fail(s->d, DIAG_MISSING, SPAN_NONE, "the program '%s' is not installed", names[i]);
        }
        free(real);
    }
    return s->programs.count == count;
}

static bool is_own_library(const char *name)
{
    return string_starts(name, "libLLVM") || string_starts(name, "libclang") || string_starts(name, "liblld");
}

/*
 * The loader says what it would load, and runs nothing: "	libLLVM.so.19.1 => /lib/x86_64-linux-gnu/libLLVM.so.19.1 (0x...)"
 * (ld.so(8), LD_TRACE_LOADED_OBJECTS), and of itself "	/lib64/ld-linux-x86-64.so.2 (0x...)".
 */
static bool find_libraries(struct search *s, const char *program)
{
    struct text out = {}, said = {};
    const char *const environment[] = {"LD_TRACE_LOADED_OBJECTS=1", NULL};
    int status = process_run(&(struct process){.argv = (const char *[]){program, NULL}, .environment = environment, .out = &out, .err = &said}, s->d);
    const char *text = text_keep(&out, s->a);
    text_dispose(&out);
    text_dispose(&said);
    for (const char *line = text; status >= 0 && *line;) {
        size_t n = strcspn(line, "\n");
        const char *copy = arena_strndup(s->a, line, n), *arrow = strstr(copy, " => ");
        while (isspace((unsigned char)*copy))
            copy++;
        const char *from = arrow ? arrow + 4 : copy;
        char *real = *from == '/' ? realpath(arena_strndup(s->a, from, strcspn(from, " ")), NULL) : NULL;
        const char *path = real ? arena_strdup(s->a, real) : NULL;
        if (path && arrow && is_own_library(copy))
            add_part(s, "library", arena_strndup(s->a, copy, (size_t)(arrow - copy)), path);
        else if (path)
            add_runtime(s, path_base(path), path);
        free(real);
        line += n + (line[n] == '\n');
    }
    return status >= 0;
}

static bool find_headers(struct search *s, const char *compiler)
{
    struct text out = {};
    int status = process_run(&(struct process){.argv = (const char *[]){compiler, "-print-resource-dir", NULL}, .out = &out}, s->d);
    const char *directory = arena_strndup(s->a, text_string(&out), strcspn(text_string(&out), "\n"));
    text_dispose(&out);
    if (status != 0)
        return status < 0 ? false : diag_fail(s->d, DIAG_OUTSIDE, SPAN_NONE, "'%s -print-resource-dir' ended with status %d", compiler, status);
    const char *include = path_join(s->a, directory, "include");
    const struct file_list *list = file_walk(s->a, include, SPAN_NONE, s->d);
    for (size_t i = 0; list && i < list->count; i++)
        add_part(s, "header", list->paths[i], path_join(s->a, include, list->paths[i]));
    return list;
}

static int part_compare(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    int c = strcmp(x->kind, y->kind);
    return c ? c : strcmp(x->name, y->name);
}

static bool identify(struct search *s, struct text *out)
{
    qsort(s->parts.items, s->parts.count, sizeof *s->parts.items, part_compare);
    text_puts(out, "ukc-tools 1\n");
    for (size_t i = 0; i < s->parts.count; i++) {
        const struct part *p = &s->parts.items[i];
        struct hash h;
        uint64_t size;
        if (!hash_file(p->path, &h, &size, s->d))
            return false;
        canon_begin(out, p->kind);
        canon_hash(out, &h);
        canon_number(out, size);
        canon_word(out, p->name);
        canon_end(out);
    }
    return true;
}

/* ---- packages: what dpkg says; nothing is said when it knows nothing ---- */

static const char *ask(struct search *s, const char *const *argv)
{
    const char *answer = process_answer(s->a, argv);
    return answer ? arena_strndup(s->a, answer, strcspn(answer, "\n")) : "";
}

static void put_packages(struct search *s, struct text *out)
{
    bool there = process_there("dpkg-query");
    for (size_t i = 0; there && i < s->parts.count; i++) {
        const struct part *p = &s->parts.items[i];
        if (!string_equal(p->kind, "program") && !string_equal(p->kind, "library"))
            continue;
        const char *owner = ask(s, (const char *[]){"dpkg-query", "-S", p->path, NULL}), *colon = strstr(owner, ": ");
        const char *package = colon ? arena_strndup(s->a, owner, (size_t)(colon - owner)) : NULL;
        const char *facts = package ? ask(s, (const char *[]){"dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}", package, NULL}) : "";
        if (*facts)
            text_printf(out, "%s %s\n", p->name, facts);
    }
}

/* ---- the cache ---- */

static void put_stat(struct text *out, const char *path)
{
    struct file_stat now = {};
    file_stat(path, &now); /* zeroes: not there */
    text_printf(out, "%" PRIu64 " %" PRId64 " %" PRIu64 " %s\n", now.size, now.mtime_ns, now.inode, path);
}

static struct hash key_of(struct search *s)
{
    struct text t = {};
    text_puts(&t, "ukc-toolset 2\n");
    for (size_t i = 0; i < s->programs.count; i++)
        put_stat(&t, s->programs.items[i]);
    struct hash key = hash_bytes(t.bytes, t.size);
    text_dispose(&t);
    return key;
}

/* Is the line what put_stat would write now? */
static bool is_unchanged(struct arena *a, const char *line)
{
    const char *path = line;
    for (int i = 0; i < 3 && path; i++)
        path = (path = strchr(path, ' ')) ? path + 1 : NULL;
    struct text now = {};
    if (path)
        put_stat(&now, path);
    bool same = path && string_equal(text_string(&now), arena_printf(a, "%s\n", line));
    text_dispose(&now);
    return same;
}

/* "<size>\n" and as many bytes; NULL: it is not there. */
static const char *take_text(struct arena *a, char **at)
{
    char *end;
    unsigned long size = strtoul(*at, &end, 10);
    if (end == *at || *end++ != '\n' || strlen(end) < size)
        return NULL;
    *at = end + size;
    return arena_strndup(a, end, size);
}

static bool take_entry(struct search *s, const char *entry, struct toolset *out)
{
    VEC(const char *) paths = {};
    char *end;
    unsigned long files = strtoul(entry, &end, 10);
    if (*end++ != '\n')
        return false;
    for (const char *line = end; files; files--) {
        size_t n = strcspn(line, "\n");
        const char *copy = arena_strndup(s->a, line, n);
        if (!line[n] || !is_unchanged(s->a, copy))
            return false;
        *vec_add(s->a, &paths) = strchr(copy, '/');
        end += n + 1;
        line += n + 1;
    }
    out->files = paths.items;
    out->file_count = paths.count;
    return (out->text = take_text(s->a, &end)) && (out->packages = take_text(s->a, &end)) && *end == 0;
}

static void put_text(struct text *out, const char *text)
{
    text_printf(out, "%zu\n%s", strlen(text), text);
}

static void keep_entry(struct search *s, const char *store, const struct hash *key, const struct toolset *t)
{
    struct text entry = {};
    text_printf(&entry, "%zu\n", s->parts.count + s->runtime.count + 1);
    for (size_t i = 0; i < s->parts.count; i++)
        put_stat(&entry, s->parts.items[i].path);
    for (size_t i = 0; i < s->runtime.count; i++)
        put_stat(&entry, s->runtime.items[i].path);
    put_stat(&entry, loader_cache);
    put_text(&entry, t->text);
    put_text(&entry, t->packages);
    cache_write(store, key, entry.bytes, entry.size);
    text_dispose(&entry);
}

/* The shell that starts commands, and what it loads. */
static bool find_shell(struct search *s)
{
    char *real = realpath("/bin/sh", NULL);
    const char *path = real ? arena_strdup(s->a, real) : NULL;
    free(real);
    if (path)
        add_runtime(s, "sh", path);
    return !path || find_libraries(s, path);
}

static void list_files(struct search *s, struct toolset *out)
{
    VEC(const char *) paths = {};
    for (size_t i = 0; i < s->parts.count; i++)
        *vec_add(s->a, &paths) = s->parts.items[i].path;
    for (size_t i = 0; i < s->runtime.count; i++)
        *vec_add(s->a, &paths) = s->runtime.items[i].path;
    *vec_add(s->a, &paths) = loader_cache;
    out->files = paths.items;
    out->file_count = paths.count;
}

static bool read_tools(struct search *s, struct toolset *out)
{
    struct text identity = {}, packages = {};
    bool good = true;
    size_t programs = s->parts.count;
    for (size_t i = 0; good && i < programs; i++)
        good = find_libraries(s, s->parts.items[i].path);
    for (size_t i = 0; good && i < programs; i++)
        if (string_starts(s->parts.items[i].name, "clang"))
            good = find_headers(s, s->programs.items[i]);
    good = good && find_shell(s) && identify(s, &identity);
    if (good)
        put_packages(s, &packages);
    list_files(s, out);
    out->text = text_keep(&identity, s->a);
    out->packages = text_keep(&packages, s->a);
    text_dispose(&identity);
    text_dispose(&packages);
    return good;
}

static const char *directories(struct search *s)
{
    struct text out = {};
    for (size_t i = 0; i < s->programs.count; i++) {
        const char *directory = path_directory(s->a, s->programs.items[i]);
        if (i == 0 || !string_equal(directory, path_directory(s->a, s->programs.items[i - 1])))
            text_printf(&out, "%s%s", out.size ? ":" : "", directory);
    }
    const char *kept = text_keep(&out, s->a);
    text_dispose(&out);
    return kept;
}

static const struct toolset *find(struct arena *a, const char *store, const char *directory, const char *const *programs, size_t count, struct diag *d)
{
    struct search s = {.a = a, .d = d, .directory = directory};
    struct toolset *t = arena_new(a, struct toolset);
    bool good = find_programs(&s, programs, count);
    if (good) {
        struct hash key = key_of(&s);
        size_t size;
        struct diag *quiet = diag_create();
        const char *entry = cache_read(a, store, &key, &size, quiet);
        diag_destroy(quiet);
        t->directories = directories(&s);
        if (!entry || !take_entry(&s, arena_strndup(a, entry, size), t)) {
            good = read_tools(&s, t);
            if (good)
                keep_entry(&s, store, &key, t);
        }
    }
    map_dispose(&s.seen);
    return good ? t : NULL;
}

const struct toolset *toolset_find(struct arena *a, const char *store, const char *const *programs, size_t count, struct diag *d)
{
    return find(a, store, NULL, programs, count, d);
}

const struct toolset *toolset_find_in(struct arena *a, const char *store, const char *directory, const char *const *programs, size_t count, struct diag *d)
{
    return find(a, store, directory, programs, count, d);
}

/* ---- differences ---- */

static const struct canon_line *find_line(const struct canon_line *lines, size_t count, const struct canon_line *like)
{
    for (size_t i = 1; i < count; i++)
        if (lines[i].count == 4 && string_equal(lines[i].words[0], like->words[0]) && string_equal(lines[i].words[3], like->words[3]))
            return &lines[i];
    return NULL;
}

void toolset_differences(struct arena *a, const char *wanted, const struct toolset *found, struct diag *d)
{
    size_t wanted_count, found_count;
    const struct canon_line *want = canon_lines(a, wanted, strlen(wanted), 100000, &wanted_count);
    const struct canon_line *have = canon_lines(a, found->text, strlen(found->text), 100000, &found_count);
    for (size_t i = 1; want && have && i < wanted_count; i++) {
        if (want[i].count != 4)
            continue;
        const struct canon_line *other = find_line(have, found_count, &want[i]);
        if (!other)
            diag_note(d, SPAN_NONE, "%s %s: wanted sha256 %.12s, and no program here has one", want[i].words[0], want[i].words[3], want[i].words[1]);
        else if (!string_equal(other->words[1], want[i].words[1]))
            diag_note(d, SPAN_NONE, "%s %s: wanted sha256 %.12s, '%s' has %.12s", want[i].words[0], want[i].words[3], want[i].words[1],
                      found->files[other - have - 1], other->words[1]);
    }
}
