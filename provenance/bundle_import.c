/*
 * bundle_import.c - the records of a bundle come into the store; see bundle.h.
 *
 * First all of the bundle is verified, and nothing written.  Then, as when something is built: objects and files; a last
 * look at every record, now in the store; the log; the index.  Whatever dies before the log has changed leaves
 * objects that nothing names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "blobs.h"
#include "bundle_inside.h"
#include "records_inside.h"
#include "toolkeep.h"

struct importing {
    struct arena *a;
    struct records *records;
    struct objects *objects;
    int fd;
    const char *file;
    bool tools;
    struct bundle bundle;
    const struct recorded **recorded;
    struct diag *d;
};

static bool write_contents(struct importing *x)
{
    const struct bundle *b = &x->bundle;
    for (size_t i = 0; i < b->object_count; i++)
        if (!objects_put(x->objects, &b->objects[i], x->d))
            return false;
    for (size_t i = 0; i < b->blob_count; i++) {
        bool wanted = b->blobs[i].of_record || x->tools;
        if (!wanted || blob_look(x->records->store, &b->blobs[i].sha256) == BLOB_RIGHT)
            continue;
        if (lseek(x->fd, (off_t)b->blobs[i].offset, SEEK_SET) < 0)
            return diag_fail(x->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", x->file, strerror(errno));
        if (!blob_take(x->records->store, x->fd, x->file, &b->blobs[i].sha256, b->blobs[i].size, x->d))
            return false;
    }
    return true;
}

static const char *packages_of(struct arena *a, const struct recorded *r)
{
    for (size_t i = 0; i < r->intent_count; i++)
        if (strcmp(r->intent[i].path, "packages") == 0)
            return arena_strndup(a, r->intent[i].bytes, r->intent[i].size);
    return "";
}

static bool adopt_tools(struct importing *x)
{
    bool good = true;
    for (size_t i = 0; x->tools && i < x->bundle.tool_count && good; i++) {
        const struct bundle_tools *t = &x->bundle.tools[i];
        good = tools_adopt(x->a, x->records->store, t->of->tools, packages_of(x->a, t->of), t->resource, x->d);
    }
    return good;
}

/* The store may have had an object of another content under the same SHA-1, in a pack. */
static bool look_again(struct importing *x)
{
    struct arena *a = arena_create();
    bool good = true;
    for (size_t i = 0; i < x->bundle.record_count && good; i++)
        good = recorded_read(x->objects, a, x->bundle.records[i].tree, &x->bundle.records[i].id, true, x->d);
    arena_destroy(a);
    return good;
}

static struct record record_of(const struct importing *x, size_t i, const struct run *run)
{
    const struct recorded *r = x->recorded[i];
    return (struct record){.id = x->bundle.records[i].id, .recipe = r->facts.recipe, .tree = x->bundle.records[i].tree, .target = r->recipe.target,
                           .profile = r->recipe.profile, .image_sha256 = r->facts.image, .image_bytes = r->facts.image_bytes, .run = *run};
}

static int compare_ends(const void *a, const void *b)
{
    const struct run *x = &((const struct record *)a)->run, *y = &((const struct record *)b)->run;
    int c = (x->ended_ms > y->ended_ms) - (x->ended_ms < y->ended_ms);
    return c ? c : memcmp(&x->record, &y->record, HASH_BYTES);
}

/* A record for each run, the newest last. */
static struct record *list_runs(struct importing *x)
{
    const struct bundle *b = &x->bundle;
    struct record *runs = arena_array(x->a, struct record, b->run_count);
    for (size_t i = 0; i < b->run_count; i++)
        runs[i] = record_of(x, (size_t)(bundle_find(b, &b->runs[i].run.record) - b->records), &b->runs[i].run);
    qsort(runs, b->run_count, sizeof *runs, compare_ends);
    return runs;
}

/* What the index says of them now. */
static bool read_rows(struct importing *x, struct imported *out)
{
    struct record *rows = arena_array(x->a, struct record, out->count);
    for (size_t i = 0; i < out->count; i++) {
        char hex[HASH_HEX];
        hash_hex(&x->bundle.records[i].id, hex);
        const struct record *row = record_find(x->records, x->a, hex, x->d);
        if (!row)
            return false;
        rows[i] = *row;
    }
    out->records = rows;
    return true;
}

static bool import(struct importing *x, struct imported *out)
{
    if (!bundle_read(x->a, x->fd, x->file, &x->bundle, &x->recorded, x->d))
        return false;
    struct record *runs = list_runs(x);
    bool *present = arena_array(x->a, bool, x->bundle.record_count);
    out->count = x->bundle.record_count;
    for (size_t i = 0; i < out->count; i++) {
        size_t count = 0;
        if (!record_runs(x->records, x->a, &x->bundle.records[i].id, &count, x->d))
            return false;
        present[i] = count != 0;
    }
    out->present = present;
    out->tools = x->bundle.tool_count;
    x->objects = objects_open(x->records->objects, x->d);
    return x->objects && write_contents(x) && look_again(x) && adopt_tools(x) &&
           records_add_runs(x->records, x->objects, runs, x->bundle.run_count, &out->runs, x->d) && read_rows(x, out);
}

bool bundle_import(struct records *r, struct arena *a, const char *file, bool tools, struct imported *out, struct diag *d)
{
    struct importing x = {.a = a, .records = r, .file = file, .tools = tools, .d = d};
    *out = (struct imported){};
    if (r->read_only)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "nothing can be imported: '%s' cannot be written", r->path);
    x.fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (x.fd < 0)
        return errno == ENOENT ? diag_error(d, SPAN_NONE, "there is no file '%s'", file)
                               : diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", file, strerror(errno));
    bool good = import(&x, out);
    objects_close(x.objects);
    close(x.fd);
    return good;
}
