/*
 * verify.c - is the store what it says?  See record.h.
 */
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/map.h"
#include "blobs.h"
#include "records_inside.h"

struct verification {
    struct records *records;
    struct objects *objects;
    bool deep;
    struct diag *d;
};

/* A blob that was evicted can be made again; one that is there must be right. */
static bool verify_blob(struct verification *v, struct arena *a, const struct hash *h, const char *what)
{
    const char *path = blob_path(a, v->records->store, h);
    struct hash actual;
    if (!file_exists(path))
        return true;
    if (!hash_file(path, &actual, NULL, v->d))
        return false;
    return hash_equal(&actual, h) || diag_fail(v->d, DIAG_INTEGRITY, SPAN_NONE, "'%s', %s, does not have the SHA-256 that it is named by", path, what);
}

/* `again`: of a record that was looked at already, only the index's row is. */
static bool verify_run(struct verification *v, const struct history_entry *e, bool again)
{
    struct arena *a = arena_create();
    const struct recorded *r = recorded_read(v->objects, a, e->tree, &e->run.record, v->deep && !again, v->d);
    bool good = r != NULL;
    if (good && v->deep && !again) {
        good = verify_blob(v, a, &r->facts.image, "an image");
        for (size_t i = 0; i < r->recipe.large_count; i++)
            good = verify_blob(v, a, &r->recipe.large[i].sha256, "a large input") && good;
    }
    if (good)
        good = index_agrees(v->records, e, r, v->d);
    arena_destroy(a);
    return good;
}

bool records_verify(struct records *r, bool deep, struct verified *out, struct diag *d)
{
    struct arena *a = arena_create();
    struct map seen = {};
    struct history log = {};
    struct verification v = {r, objects_open(r->objects, d), deep, d};
    bool good = v.objects && history_read(v.objects, a, &log, d);
    *out = (struct verified){.runs = good ? log.run_count : 0};
    for (size_t i = 0; v.objects && i < log.run_count; i++) {
        char *id = arena_alloc(a, HASH_HEX, 1);
        hash_hex(&log.runs[i].run.record, id);
        bool again = map_add(&seen, id, 1) != MAP_ABSENT;
        out->records += !again;
        good = verify_run(&v, &log.runs[i], again) && good;
    }
    for (size_t i = 0; v.objects && i < log.reproduction_count; i++)
        good = index_agrees_of_reproduction(r, &log.reproductions[i], d) && good;
    if (good)
        good = index_is_sound(r, d) && records_refuse_unlogged(r, v.objects, "", d);
    if (v.objects)
        objects_close(v.objects);
    map_dispose(&seen);
    arena_destroy(a);
    return good;
}
