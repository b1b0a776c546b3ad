/*
 * verify.c - is the store what it says?  See record.h.
 */
#include <string.h>
#include "blobs.h"
#include "verify_inside.h"

/* `again`: of a record that was looked at already, only the index's row is. */
static bool verify_run(struct verification *v, const struct history_entry *e, const struct map *commits, bool again)
{
    struct arena *a = arena_create();
    const struct recorded *r = recorded_read(v->objects, a, e->tree, &e->run.record, v->deep && !again, v->d);
    bool good = r || recorded_remedy(&e->run.record, v->d);
    if (good && v->deep && !again) {
        const char *hex = hash_text(a, &e->run.record);
        verify_names_blob(v, &(struct named_blob){r->facts.image, arena_printf(v->a, "the image of record %.12s", hex),
                                                  arena_printf(v->a, "'ukc reproduce %.12s' makes it again and puts it right", hex), false});
        for (size_t i = 0; i < r->recipe.large_count; i++)
            verify_names_blob(v, &(struct named_blob){r->recipe.large[i].sha256, "a large input", BLOB_REMEDY, true});
    }
    if (good)
        good = index_agrees(v->records, e, r, commits, v->d);
    arena_destroy(a);
    return good;
}

static bool verify_log(struct verification *v)
{
    struct map seen = {};
    struct history log = {};
    bool good = history_read(v->objects, v->a, &log, v->d);
    struct map commits = index_commits(&log);
    v->out->runs = good ? log.run_count : 0;
    for (size_t i = 0; i < log.run_count; i++) {
        bool again = map_add(&seen, hash_text(v->a, &log.runs[i].run.record), 1) != MAP_ABSENT;
        v->out->records += !again;
        good = verify_run(v, &log.runs[i], &commits, again) && good;
    }
    for (size_t i = 0; i < log.reproduction_count; i++)
        good = index_agrees_of_reproduction(v->records, &log.reproductions[i], v->d) && good;
    map_dispose(&seen);
    map_dispose(&commits);
    return good;
}

bool records_verify(struct records *r, bool deep, struct verified *out, struct diag *d)
{
    struct verification v = {.a = arena_create(), .records = r, .objects = objects_open(r->objects, d), .deep = deep, .out = out, .d = d};
    *out = (struct verified){};
    bool good = v.objects && verify_log(&v);
    if (v.objects && deep) {
        good = verify_imports(&v) && good;
        good = verify_blobs(&v) && good;
    }
    if (good)
        good = index_is_sound(r, d) && records_refuse_unlogged(r, v.objects, "", d);
    objects_close(v.objects);
    map_dispose(&v.blob_places);
    arena_destroy(v.a);
    return good;
}
