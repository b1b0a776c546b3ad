/*
 * bundle_write.c - makes a bundle; see bundle.h.
 *
 * A record is read in full first, which compares it with its hashes: what is damaged goes nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/map.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "bundle_inside.h"
#include "records_inside.h"
#include "toolkeep.h"

struct gathering {
    struct arena *a;
    struct records *records;
    struct objects *objects;
    struct bundle_with with;
    VEC(struct bundle_record) list;
    VEC(struct bundle_run) runs;
    VEC(struct bundle_tools) tools;
    VEC(struct object_given) given;
    VEC(struct bundle_blob) blobs;
    struct map seen; /* ids of records, runs, objects and blobs */
    struct diag *d;
};

static bool is_new(struct gathering *g, const struct hash *h)
{
    return map_add(&g->seen, hash_text(g->a, h), 1) == MAP_ABSENT;
}

/* ---- what belongs to a record ---- */

static bool damaged(struct gathering *g, const char *why)
{
    bool outside = objects_fault(g->objects) == DIAG_OUTSIDE;
    return diag_fail(g->d, objects_fault(g->objects), SPAN_NONE, "the store %s: %s", outside ? "cannot be read" : "is damaged", why);
}

static bool gather_object(struct gathering *g, const char *id, bool is_tree);

static bool gather_entries(struct gathering *g, const char *tree)
{
    const struct object_entry *entries;
    size_t count = 0;
    const char *damage = NULL;
    if (objects_read_entries(g->objects, g->a, tree, &entries, &count, &damage) != OBJECT_OK)
        return damaged(g, damage);
    for (size_t i = 0; i < count; i++)
        if (!gather_object(g, entries[i].id, strcmp(entries[i].mode, "40000") == 0))
            return false;
    return true;
}

/* Its bytes are read again when they are written: only the size is kept. */
static bool gather_object(struct gathering *g, const char *id, bool is_tree)
{
    struct object_given o = {.is_tree = is_tree};
    if (map_add(&g->seen, arena_strdup(g->a, id), 1) != MAP_ABSENT)
        return true;
    memcpy(o.id, id, OBJECT_HEX);
    *vec_add(g->a, &g->given) = o;
    return !is_tree || gather_entries(g, id);
}

static bool gather_blob(struct gathering *g, const struct hash *sha256, uint64_t size, const char *what)
{
    if (!is_new(g, sha256))
        return true;
    if (size >= BUNDLE_FILE_LIMIT)
        return diag_fail(g->d, DIAG_OUTSIDE, SPAN_NONE, "%s is too large for a bundle: 8 GiB is the limit", what);
    const char *path = blob_path(g->a, g->records->store, sha256);
    if (!blob_is_there(g->records->store, sha256, size)) {
        bool there = file_exists(path);
        diag_fail(g->d, there ? DIAG_INTEGRITY : DIAG_MISSING, SPAN_NONE, "%s is not %s: '%s'", what, there ? "what it was" : "in the store", path);
        return diag_help(g->d, BLOB_REMEDY);
    }
    *vec_add(g->a, &g->blobs) = (struct bundle_blob){.sha256 = *sha256, .size = size};
    return true;
}

static bool gather_runs(struct gathering *g, const struct hash *id)
{
    size_t count = 0;
    const struct record *runs = record_runs(g->records, g->a, id, &count, g->d);
    for (size_t i = 0; i < count; i++) {
        struct text t = {};
        run_text(&runs[i].run, &t);
        struct bundle_run run = {.id = hash_bytes(t.bytes, t.size), .size = t.size, .text = text_keep(&t, g->a), .run = runs[i].run};
        text_dispose(&t);
        if (is_new(g, &run.id))
            *vec_add(g->a, &g->runs) = run;
    }
    return runs != NULL;
}

/* Their identity is in the record: only the files, and where the compiler's headers were. */
static bool gather_tools(struct gathering *g, struct arena *a, const struct record *record, const struct recorded *r)
{
    size_t count = 0;
    const char *damage = NULL, *resource = tools_resource(g->objects, g->a, &r->recipe.tools, &damage);
    const struct tools_file *files = tools_files(a, r->tools, strlen(r->tools), &count);
    char hex[HASH_HEX];
    hash_hex(&record->id, hex);
    if (damage || !files)
        return diag_fail(g->d, DIAG_INTEGRITY, SPAN_NONE, "the store is damaged: %s", damage ? damage : "tools whose identity cannot be read");
    if (!resource) {
        diag_fail(g->d, DIAG_MISSING, SPAN_NONE, "the tools of record %.12s are not kept in the store", hex);
        return diag_help(g->d, "'ukc toolchain keep %.12s' keeps them, where they are installed", hex);
    }
    if (!is_new(g, &r->recipe.tools))
        return true;
    *vec_add(g->a, &g->tools) = (struct bundle_tools){.id = r->recipe.tools, .resource = resource};
    for (size_t i = 0; i < count; i++)
        if (!gather_blob(g, &files[i].sha256, files[i].size, arena_printf(a, "of the kept tools, '%s'", files[i].name)))
            return false;
    return true;
}

static bool gather_record(struct gathering *g, const struct record *record)
{
    struct bundle_record out = {.id = record->id};
    if (!is_new(g, &record->id))
        return true;
    struct arena *a = arena_create();
    const struct recorded *r = record_read(g->records, a, record, true, g->d);
    bool good = r && gather_runs(g, &record->id) && gather_object(g, record->tree, true);
    for (size_t i = 0; good && i < r->recipe.large_count; i++)
        good = gather_blob(g, &r->recipe.large[i].sha256, r->recipe.large[i].size, arena_printf(a, "the input '%s'", r->recipe.large[i].path));
    good = good && (!g->with.tools || gather_tools(g, a, record, r));
    if (good && g->with.images) {
        good = gather_blob(g, &record->image_sha256, record->image_bytes, "the image");
        if (!good)
            diag_help(g->d, "'ukc reproduce %.12s' makes it again; without --images a bundle needs none", hash_text(a, &record->id));
    }
    if (good) {
        memcpy(out.tree, record->tree, OBJECT_HEX);
        *vec_add(g->a, &g->list) = out;
    }
    arena_destroy(a);
    return good;
}

/* ---- order ---- */

static int compare_records(const void *a, const void *b)
{
    return memcmp(&((const struct bundle_record *)a)->id, &((const struct bundle_record *)b)->id, HASH_BYTES);
}

static int compare_runs(const void *a, const void *b)
{
    return memcmp(&((const struct bundle_run *)a)->id, &((const struct bundle_run *)b)->id, HASH_BYTES);
}

static int compare_tools(const void *a, const void *b)
{
    return memcmp(&((const struct bundle_tools *)a)->id, &((const struct bundle_tools *)b)->id, HASH_BYTES);
}

static int compare_objects(const void *a, const void *b)
{
    return strcmp(((const struct object_given *)a)->id, ((const struct object_given *)b)->id);
}

static int compare_blobs(const void *a, const void *b)
{
    return memcmp(&((const struct bundle_blob *)a)->sha256, &((const struct bundle_blob *)b)->sha256, HASH_BYTES);
}

static struct bundle sorted(struct gathering *g)
{
    qsort(g->list.items, g->list.count, sizeof *g->list.items, compare_records);
    qsort(g->runs.items, g->runs.count, sizeof *g->runs.items, compare_runs);
    if (g->tools.count)
        qsort(g->tools.items, g->tools.count, sizeof *g->tools.items, compare_tools);
    qsort(g->given.items, g->given.count, sizeof *g->given.items, compare_objects);
    if (g->blobs.count)
        qsort(g->blobs.items, g->blobs.count, sizeof *g->blobs.items, compare_blobs);
    return (struct bundle){.records = g->list.items, .record_count = g->list.count, .runs = g->runs.items, .run_count = g->runs.count,
                           .tools = g->tools.items, .tool_count = g->tools.count, .objects = g->given.items, .object_count = g->given.count,
                           .blobs = g->blobs.items, .blob_count = g->blobs.count};
}

/* ---- writing ---- */

struct writer {
    struct arena *a;
    FILE *out;
    struct hasher *hasher;
    uint64_t bytes;
    struct gathering *g;
};

static void put(struct writer *w, const void *bytes, uint64_t n)
{
    fwrite(bytes, 1, (size_t)n, w->out);
    hasher_add(w->hasher, bytes, (size_t)n);
    w->bytes += n;
}

static void put_header(struct writer *w, const char *name, uint64_t size)
{
    unsigned char block[BUNDLE_BLOCK];
    bundle_header(name, size, block);
    put(w, block, sizeof block);
}

static void put_zeros(struct writer *w, uint64_t n)
{
    static const unsigned char zero[2 * BUNDLE_BLOCK];
    put(w, zero, n);
}

static void put_file(struct writer *w, const char *name, const void *bytes, uint64_t size)
{
    put_header(w, name, size);
    put(w, bytes, size);
    put_zeros(w, bundle_padding(size));
}

static bool read_object(struct gathering *g, struct arena *a, struct object_given *o)
{
    size_t size;
    const char *damage = NULL;
    enum object_status status = objects_read(g->objects, a, o->id, o->is_tree ? OBJECT_TREE : OBJECT_BLOB, &o->bytes, &size, &damage);
    o->size = size;
    return status == OBJECT_OK || damaged(g, damage);
}

static bool put_object(struct writer *w, struct object_given *o)
{
    struct arena *a = arena_create();
    bool good = read_object(w->g, a, o);
    if (good)
        put_file(w, bundle_object_name(a, o), o->bytes, o->size);
    arena_destroy(a);
    return good;
}

static bool put_blob(struct writer *w, const struct bundle_blob *b)
{
    char chunk[1 << 14];
    const char *path = blob_path(w->a, w->g->records->store, &b->sha256);
    FILE *in = fopen(path, "rbe");
    struct hasher *h = hasher_create();
    uint64_t left = b->size;
    size_t n;
    put_header(w, bundle_blob_name(w->a, b), b->size);
    while (in && left && (n = fread(chunk, 1, left < sizeof chunk ? (size_t)left : sizeof chunk, in)) > 0) {
        hasher_add(h, chunk, n);
        put(w, chunk, n);
        left -= n;
    }
    if (in)
        fclose(in);
    struct hash actual = hasher_finish(h);
    put_zeros(w, bundle_padding(b->size));
    if (hash_equal(&actual, &b->sha256))
        return true;
    diag_fail(w->g->d, DIAG_INTEGRITY, SPAN_NONE, "'%s' does not have the SHA-256 that it is named by", path);
    return diag_help(w->g->d, "'ukc verify --deep' says what it is of, and what to do");
}

static bool put_bundle(struct writer *w, const struct bundle *b)
{
    struct text list = {};
    bool good = true;
    bundle_list(b, &list);
    put_file(w, BUNDLE_LIST, list.bytes, list.size);
    text_dispose(&list);
    for (size_t i = 0; i < b->run_count; i++)
        put_file(w, bundle_run_name(w->a, &b->runs[i]), b->runs[i].text, b->runs[i].size);
    for (size_t i = 0; i < b->object_count && good; i++)
        good = put_object(w, &b->objects[i]);
    for (size_t i = 0; i < b->blob_count && good; i++)
        good = put_blob(w, &b->blobs[i]);
    put_zeros(w, 2 * BUNDLE_BLOCK);
    return good;
}

/* The list has the objects' sizes, so they are read once more than they are written. */
static bool find_sizes(struct gathering *g)
{
    bool good = true;
    for (size_t i = 0; i < g->given.count && good; i++) {
        struct arena *a = arena_create();
        good = read_object(g, a, &g->given.items[i]);
        arena_destroy(a);
    }
    return good;
}

static bool write_file(struct gathering *g, const char *file, struct bundled *out)
{
    bool in_place;
    struct bundle b = sorted(g);
    const char *real = file_output(g->a, file, &in_place, g->d);
    if (!real)
        return false;
    const char *aside = in_place ? real : file_aside(g->a, real);
    if (!in_place && !file_make_directories(path_directory(g->a, real), g->d))
        return false;
    if (!in_place)
        unlink(aside); /* of a dead process that had our number */
    int fd = open(aside, in_place ? O_WRONLY | O_CLOEXEC | O_NOCTTY : O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    struct writer w = {.a = g->a, .out = fd >= 0 ? fdopen(fd, "wb") : NULL, .hasher = hasher_create(), .g = g};
    bool good = w.out && put_bundle(&w, &b), written = w.out && !ferror(w.out) && fflush(w.out) == 0 && (in_place || fsync(fd) == 0);
    if (w.out && fclose(w.out) != 0)
        written = false;
    if ((good || !w.out) && (!written || (!in_place && rename(aside, real) != 0)))
        good = diag_fail(g->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", file, strerror(errno));
    if (!good && !in_place)
        unlink(aside);
    *out = (struct bundled){b.record_count, b.run_count, b.tool_count, b.object_count, b.blob_count, w.bytes, hasher_finish(w.hasher)};
    return good;
}

bool bundle_write(struct records *r, const struct record *const *records, size_t count, const struct bundle_with *with, const char *file,
                  struct bundled *out, struct diag *d)
{
    struct gathering g = {.a = arena_create(), .records = r, .with = *with, .d = d};
    g.objects = objects_open(r->objects, d);
    bool good = g.objects != NULL;
    for (size_t i = 0; i < count && good; i++)
        good = gather_record(&g, records[i]);
    good = good && find_sizes(&g) && write_file(&g, file, out);
    objects_close(g.objects);
    map_dispose(&g.seen);
    arena_destroy(g.a);
    return good;
}
