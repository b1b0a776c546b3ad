/*
 * compiled.c - see compiled.h.
 *
 * An entry of the first step: of each time that such a command was run, the newest first, a line "run", and lines "read PATH",
 * "input PATH" and "absent PATH".  An entry of the second: the object.
 */
#include "compiled.h"
#include "../base/file.h"
#include "../base/map.h"
#include "../generate/rules.h"
#include "../../provenance/cache.h"
#include "../../provenance/toolset.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RUNS_MOST = 8 }; /* of one command: unikernels whose keys, and so generated headers, differ, read the same paths */

struct compiled {
    struct arena *a;
    const char *store;
    struct diag *quiet;
    const char *tools; /* NULL: not asked for yet; "": they cannot be found out */
    struct map contents, there;
    VEC(const char *) hashes; /* of contents; NULL: it cannot be read */
};

struct compiled *compiled_open(const char *store)
{
    struct arena *a = arena_create();
    struct compiled *c = arena_new(a, struct compiled);
    *c = (struct compiled){.a = a, .store = arena_strdup(a, store), .quiet = diag_create()};
    return c;
}

void compiled_close(struct compiled *c)
{
    if (!c)
        return;
    map_dispose(&c->contents);
    map_dispose(&c->there);
    diag_destroy(c->quiet);
    arena_destroy(c->a);
}

/* ---- what keys are made of ---- */

/* Identity and place of all that a build runs: debug information names the compiler's own headers. */
static const char *tools_of(struct compiled *c)
{
    VEC(const char *) names = {};
    if (c->tools)
        return c->tools;
    for (size_t i = 0; i < build_tool_count; i++)
        *vec_add(c->a, &names) = build_tools[i].program;
    names.count = string_sort_unique(names.items, names.count);
    const struct toolset *t = toolset_find(c->a, c->store, names.items, names.count, c->quiet);
    if (!t)
        return c->tools = "";
    struct hasher *h = hasher_create();
    hasher_add_string(h, t->text);
    hasher_add_string(h, t->directories);
    for (size_t i = 0; i < t->file_count; i++)
        hasher_add_string(h, t->files[i]);
    struct hash hash = hasher_finish(h);
    char *hex = arena_array(c->a, char, HASH_HEX);
    hash_hex(&hash, hex);
    return c->tools = hex;
}

static const char *contents_of(struct compiled *c, const char *path)
{
    uint32_t at = map_get(&c->contents, path);
    if (at != MAP_ABSENT)
        return c->hashes.items[at];
    struct hash hash;
    char *hex = arena_array(c->a, char, HASH_HEX);
    bool good = file_is_regular(path) && hash_file(path, &hash, NULL, c->quiet);
    if (good)
        hash_hex(&hash, hex);
    map_add(&c->contents, arena_strdup(c->a, path), (uint32_t)c->hashes.count);
    *vec_add(c->a, &c->hashes) = good ? hex : NULL;
    return good ? hex : NULL;
}

static bool is_there(struct compiled *c, const char *path)
{
    uint32_t known = map_get(&c->there, path);
    if (known == MAP_ABSENT) {
        struct stat s; /* also a link to nothing is something */
        known = lstat(path, &s) == 0;
        map_add(&c->there, arena_strdup(c->a, path), known);
    }
    return known;
}

static struct hash key_of_command(const char *const *words, size_t count)
{
    struct hasher *h = hasher_create();
    hasher_add_string(h, "ukc-compile 1");
    for (size_t i = 0; i < count; i++)
        hasher_add_string(h, words[i]);
    return hasher_finish(h);
}

static bool add_contents(struct compiled *c, struct hasher *h, const char *kind, const char *const *paths, size_t count)
{
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        const char *hex = contents_of(c, paths[i]);
        hasher_add_string(h, kind);
        hasher_add_string(h, paths[i]);
        hasher_add_string(h, hex ? hex : "");
        good = hex;
    }
    return good;
}

/* False: it is not what it was. */
static bool key_of_object(struct compiled *c, const struct hash *command, const struct reads *r, struct hash *key)
{
    char hex[HASH_HEX];
    bool good = true;
    for (size_t i = 0; i < r->absent_count; i++)
        if (is_there(c, r->absent[i]))
            return false;
    struct hasher *h = hasher_create();
    hash_hex(command, hex);
    hasher_add_string(h, "ukc-object 1");
    hasher_add_string(h, hex);
    hasher_add_string(h, tools_of(c));
    good = *tools_of(c) && add_contents(c, h, "read", r->read, r->read_count) && add_contents(c, h, "input", r->input, r->input_count);
    for (size_t i = 0; i < r->absent_count; i++) {
        hasher_add_string(h, "absent");
        hasher_add_string(h, r->absent[i]);
    }
    *key = hasher_finish(h);
    return good;
}

/* ---- entries of the first step ---- */

static void put_run(struct text *t, const struct reads *r)
{
    text_puts(t, "run\n");
    for (size_t i = 0; i < r->read_count; i++)
        text_printf(t, "read %s\n", r->read[i]);
    for (size_t i = 0; i < r->input_count; i++)
        text_printf(t, "input %s\n", r->input[i]);
    for (size_t i = 0; i < r->absent_count; i++)
        text_printf(t, "absent %s\n", r->absent[i]);
}

/* The run whose line begins at *next, which is moved behind it; false at the end. */
static bool take_run(struct arena *a, const char **next, struct reads *out)
{
    path_list read = {}, input = {}, absent = {};
    if (!string_starts(*next, "run\n"))
        return false;
    *next += strlen("run\n");
    while (**next && !string_starts(*next, "run\n")) {
        size_t n = strcspn(*next, "\n");
        const char *line = arena_strndup(a, *next, n), *space = strchr(line, ' ');
        path_list *list = string_starts(line, "read ") ? &read : string_starts(line, "input ") ? &input : string_starts(line, "absent ") ? &absent : NULL;
        if (!list)
            return false;
        *vec_add(a, list) = space + 1;
        *next += n + ((*next)[n] == '\n');
    }
    *out = (struct reads){read.items, read.count, input.items, input.count, absent.items, absent.count};
    return true;
}

bool compiled_take(struct compiled *c, struct arena *a, const char *const *words, size_t count, struct taken *out)
{
    struct hash command = key_of_command(words, count);
    size_t size;
    const char *runs = cache_read(a, c->store, &command, &size, c->quiet);
    for (const char *next = runs ? arena_strndup(a, runs, size) : ""; take_run(a, &next, &out->reads);)
        if (key_of_object(c, &command, &out->reads, &out->key) && (out->object = cache_read(a, c->store, &out->key, &out->size, c->quiet)))
            return true;
    return false;
}

/* ---- keeping ---- */

/* A change from `since_ns` on would show: in the file, or in the link to it. */
static bool is_older(const char *path, int64_t since_ns)
{
    struct stat at, to;
    if (lstat(path, &at) != 0 || stat(path, &to) != 0)
        return false;
    const struct timespec times[] = {at.st_mtim, at.st_ctim, to.st_mtim, to.st_ctim};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if ((int64_t)times[i].tv_sec * 1000000000 + times[i].tv_nsec >= since_ns)
            return false;
    return true;
}

static bool are_older(const char *const *paths, size_t count, int64_t since_ns)
{
    for (size_t i = 0; i < count; i++)
        if (!is_older(paths[i], since_ns) || strchr(paths[i], '\n'))
            return false;
    return true;
}

/* In front of the runs that there are, without its like. */
static void keep_run(struct compiled *c, struct arena *a, const struct hash *command, const struct reads *r)
{
    struct text t = {}, other = {};
    struct reads before;
    size_t size, own;
    const char *runs = cache_read(a, c->store, command, &size, c->quiet);
    put_run(&t, r);
    own = t.size;
    int left = RUNS_MOST - 1;
    bool first = true, changed = true;
    for (const char *next = runs ? arena_strndup(a, runs, size) : ""; left && take_run(a, &next, &before);) {
        text_clear(&other);
        put_run(&other, &before);
        bool same = other.size == own && memcmp(other.bytes, t.bytes, own) == 0;
        if (same && first)
            changed = false;
        if (!same && left--)
            text_append(&t, other.bytes, other.size);
        first = false;
    }
    if (changed)
        cache_write(c->store, command, t.bytes, t.size);
    text_dispose(&t);
    text_dispose(&other);
}

void compiled_keep(struct compiled *c, const char *const *words, size_t count, const char *object, const struct reads *reads, int64_t since_ns)
{
    struct reads r = *reads;
    struct hash command = key_of_command(words, count), key;
    struct arena *a = arena_create();
    path_list absent = {};
    for (size_t i = 0; i < r.absent_count; i++)
        *vec_add(a, &absent) = r.absent[i];
    bool good = are_older(r.read, r.read_count, since_ns) && are_older(r.input, r.input_count, since_ns) && shadows_find(a, words, count, &r, &absent);
    if (absent.count)
        absent.count = string_sort_unique(absent.items, absent.count);
    r.absent = absent.items;
    r.absent_count = absent.count;
    for (size_t i = 0; i < absent.count; i++)
        good = good && !strchr(absent.items[i], '\n');
    if (good && key_of_object(c, &command, &r, &key)) {
        const struct source *s = file_read(a, object, SPAN_NONE, 0, c->quiet);
        if (s) {
            cache_write(c->store, &key, s->bytes, s->size);
            keep_run(c, a, &command, &r);
        }
    }
    arena_destroy(a);
}
