/*
 * cache.c - models of headers that have not changed.
 *
 * An entry is text:
 *
 *     ukc-check 2
 *     library 37886408 1750722000000000000 - /usr/lib/.../libclang-19.so.19
 *     directory 4096 1763683200000000000 <sha256 of its header names> libs
 *     file 512 1763683200000000000 <sha256> block.h
 *     interface ...
 *     sum <sha256 of everything above>
 *
 * A time of 0 means that the file was too young when it was read for its time to tell later changes.
 */
#include "cache.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../base/arena.h"
#include "../base/file.h"

/* To be raised when a model of the same header would hold something else. */
#define FORMAT "ukc-check 2\n"
#define SUM_SIZE (sizeof "sum " - 1 + 64 + 1)
#define YOUNG INT64_C(2000000000) /* nanoseconds: coarser than any file system's clock */
#define ENTRIES_MOST 300
#define ENTRY_SIZE_MOST (64u << 20)

struct cache_stat {
    bool exists;
    struct file_stat stat;
    bool hashed, readable;
    struct hash hash;
};

int64_t cache_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now); /* the clock that files' times are taken from */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void cache_open(struct cache *c, struct arena *a, const char *directory, const char *generated)
{
    *c = (struct cache){.arena = a, .directory = directory, .generated = generated};
}

static struct cache_stat *look(struct cache *c, const char *path)
{
    uint32_t at = map_get(&c->stats, path);
    if (at != MAP_ABSENT)
        return &c->items[at];
    map_add(&c->stats, arena_strdup(c->arena, path), (uint32_t)c->count);
    struct cache_stat *s = vec_add(c->arena, c);
    *s = (struct cache_stat){0};
    s->exists = file_stat(path, &s->stat);
    return s;
}

/* ---- contents ---- */

static int by_name(const struct dirent **x, const struct dirent **y)
{
    return strcmp((*x)->d_name, (*y)->d_name);
}

static int is_header(const struct dirent *entry)
{
    return string_ends(entry->d_name, ".h");
}

static bool hash_directory(const char *path, struct hash *out)
{
    struct dirent **names;
    int count = scandir(path, &names, is_header, by_name);
    if (count < 0)
        return false;
    struct hasher *h = hasher_create();
    for (int i = 0; i < count; i++) {
        hasher_add_string(h, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    *out = hasher_finish(h);
    return true;
}

static bool contents(struct cache_stat *s, const char *path, bool directory)
{
    if (!s->hashed) {
        struct diag *unheard = diag_create();
        s->readable = directory ? hash_directory(path, &s->hash) : hash_file(path, &s->hash, NULL, unheard);
        s->hashed = true;
        diag_destroy(unheard);
    }
    return s->readable;
}

/* ---- reading an entry ---- */

enum dependency_kind { DEPENDENCY_LIBRARY, DEPENDENCY_DIRECTORY, DEPENDENCY_FILE };
static const char *const dependency_names[] = {"library", "directory", "file"};

struct dependency {
    enum dependency_kind kind;
    uint64_t size;
    int64_t mtime;
    struct hash hash;
    const char *path;
};

/* A line of an entry, without its end; false when it is not one of ours. */
static bool parse_dependency(struct arena *a, const char *line, size_t size, struct dependency *out)
{
    char *text = arena_strndup(a, line, size), *rest = NULL;
    char *kind = strtok_r(text, " ", &rest), *length = strtok_r(NULL, " ", &rest);
    char *mtime = strtok_r(NULL, " ", &rest), *hash = strtok_r(NULL, " ", &rest);
    if (!kind || !length || !mtime || !hash || !rest || !*rest)
        return false;
    unsigned k = 0;
    while (k < 3 && strcmp(kind, dependency_names[k]))
        k++;
    if (k == 3 || (strcmp(hash, "-") ? !hash_parse(hash, &out->hash) : k != DEPENDENCY_LIBRARY))
        return false;
    char *end;
    out->kind = (enum dependency_kind)k;
    out->size = strtoull(length, &end, 10);
    if (*end)
        return false;
    out->mtime = strtoll(mtime, &end, 10);
    out->path = rest;
    return !*end;
}

/* *refresh: the same contents, with another time. */
static bool holds(struct cache *c, const struct dependency *d, bool *refresh)
{
    struct cache_stat *s = look(c, d->path);
    if (!s->exists)
        return false;
    bool same = d->mtime && s->stat.mtime_ns == d->mtime;
    if (same && (d->kind == DEPENDENCY_DIRECTORY || s->stat.size == d->size))
        return true;
    if (d->kind == DEPENDENCY_LIBRARY || (d->kind == DEPENDENCY_FILE && s->stat.size != d->size))
        return false;
    *refresh = true;
    return contents(s, d->path, d->kind == DEPENDENCY_DIRECTORY) && hash_equal(&s->hash, &d->hash);
}

static const char *entry_path(struct cache *c, const struct cache_query *q)
{
    char hex[HASH_HEX];
    hash_hex(&q->key, hex);
    const char *name = arena_printf(c->arena, "%s.interface", hex);
    map_set(&c->used, name, 1);
    return path_join(c->arena, c->directory, name);
}

static bool sum_is_right(const struct source *entry)
{
    if (entry->size < SUM_SIZE + sizeof FORMAT || !string_starts(entry->bytes, FORMAT))
        return false;
    const char *sum = entry->bytes + entry->size - SUM_SIZE;
    char expected[SUM_SIZE + 1], hex[HASH_HEX];
    struct hash h = hash_bytes(entry->bytes, entry->size - SUM_SIZE);
    hash_hex(&h, hex);
    snprintf(expected, sizeof expected, "sum %s\n", hex);
    return !memcmp(sum, expected, SUM_SIZE);
}

static void write_entry(struct cache *, const char *path, const struct dependency *, size_t count, const char *body, size_t size);

/* Dependencies first; then, if all hold, the model. */
static bool read_entry(struct cache *c, const char *path, const struct source *entry, struct cache_found *out)
{
    const char *at = entry->bytes + sizeof FORMAT - 1, *end = entry->bytes + entry->size - SUM_SIZE;
    VEC(struct dependency) dependencies = {};
    VEC(const char *) files = {};
    bool refresh = false;
    while (at < end && strncmp(at, "interface ", 10)) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct dependency d = {};
        if (!newline || !parse_dependency(c->arena, at, (size_t)(newline - at), &d) || !holds(c, &d, &refresh))
            return false;
        *vec_add(c->arena, &dependencies) = d;
        if (d.kind == DEPENDENCY_FILE)
            *vec_add(c->arena, &files) = d.path;
        at = newline + 1;
    }
    out->interface = interface_decode(c->arena, at, (size_t)(end - at));
    if (!out->interface)
        return false;
    out->files = files.items;
    out->file_count = files.count;
    if (refresh)
        write_entry(c, path, dependencies.items, dependencies.count, at, (size_t)(end - at));
    return true;
}

bool cache_find(struct cache *c, const struct cache_query *q, struct cache_found *out)
{
    if (!c->directory)
        return false;
    const char *path = entry_path(c, q);
    if (!file_exists(path))
        return false;
    struct diag *unheard = diag_create();
    const struct source *entry = file_read(c->arena, path, SPAN_NONE, ENTRY_SIZE_MOST, unheard);
    diag_destroy(unheard);
    return entry && sum_is_right(entry) && read_entry(c, path, entry, out);
}

/* ---- writing an entry ---- */

/* Takes size and time as they are now; the caller has established the contents. */
static void write_entry(struct cache *c, const char *path, const struct dependency *dependencies, size_t count, const char *body,
                        size_t size)
{
    struct text out = {};
    int64_t now = cache_clock();
    text_puts(&out, FORMAT);
    for (size_t i = 0; i < count; i++) {
        const struct dependency *d = &dependencies[i];
        const struct cache_stat *s = look(c, d->path);
        char hex[HASH_HEX] = "-";
        if (d->kind != DEPENDENCY_LIBRARY)
            hash_hex(&d->hash, hex);
        bool young = d->kind != DEPENDENCY_LIBRARY && s->stat.mtime_ns > now - YOUNG;
        text_printf(&out, "%s %" PRIu64 " %" PRId64 " %s %s\n", dependency_names[d->kind], s->stat.size, young ? 0 : s->stat.mtime_ns,
                    hex, d->path);
    }
    text_append(&out, body, size);
    struct hash sum = hash_bytes(out.bytes, out.size);
    char hex[HASH_HEX];
    hash_hex(&sum, hex);
    text_printf(&out, "sum %s\n", hex);
    struct diag *unheard = diag_create();
    file_write(path, out.bytes, out.size, NULL, unheard);
    diag_destroy(unheard);
    text_dispose(&out);
}

typedef VEC(struct dependency) dependency_list;

static bool add_dependency(struct cache *c, dependency_list *list, enum dependency_kind kind, const char *path, int64_t started)
{
    struct cache_stat *s = look(c, path);
    if (!s->exists || strchr(path, '\n') || (kind != DEPENDENCY_LIBRARY && !contents(s, path, kind == DEPENDENCY_DIRECTORY)))
        return kind == DEPENDENCY_DIRECTORY && !s->exists; /* an include path may name what is not there */
    if (kind == DEPENDENCY_FILE && s->stat.mtime_ns >= started)
        return false;
    *vec_add(c->arena, list) = (struct dependency){.kind = kind, .path = path, .hash = s->hash};
    return true;
}

void cache_store(struct cache *c, const struct cache_query *q, const struct cache_found *found, const char *library, int64_t started)
{
    if (!c->directory || !library)
        return;
    dependency_list list = {};
    bool good = add_dependency(c, &list, DEPENDENCY_LIBRARY, library, started);
    for (size_t i = 0; i < q->flag_count && good; i++) {
        const char *directory = string_starts(q->flags[i], "-iquote") ? q->flags[i] + 7
                                : string_starts(q->flags[i], "-I")    ? q->flags[i] + 2
                                                                      : "";
        if (*directory && !string_starts(directory, c->generated))
            good = add_dependency(c, &list, DEPENDENCY_DIRECTORY, directory, started);
    }
    for (size_t i = 0; i < found->file_count && good; i++)
        if (!string_starts(found->files[i], c->generated))
            good = add_dependency(c, &list, DEPENDENCY_FILE, found->files[i], started);
    if (!good)
        return;
    struct text body = {};
    interface_encode(found->interface, &body);
    write_entry(c, entry_path(c, q), list.items, list.count, text_string(&body), body.size);
    text_dispose(&body);
}

static void prune(struct cache *c)
{
    DIR *dir = opendir(c->directory);
    if (!dir)
        return;
    VEC(const char *) unused = {};
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!string_ends(entry->d_name, ".interface"))
            continue;
        count++;
        if (map_get(&c->used, entry->d_name) == MAP_ABSENT)
            *vec_add(c->arena, &unused) = path_join(c->arena, c->directory, entry->d_name);
    }
    closedir(dir);
    for (size_t i = 0; i < unused.count && count > ENTRIES_MOST; i++)
        unlink(unused.items[i]);
}

void cache_close(struct cache *c)
{
    if (c->directory && c->used.count)
        prune(c);
    map_dispose(&c->stats);
    map_dispose(&c->used);
}
