/*
 * gc.c - see gc.h.
 */
#include "gc_inside.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "../ukc/base/map.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "cache.h"
#include "rebuildable.h"
#include "records_inside.h"
#include "toolkeep.h"

#define WAIT_SECONDS 60

uint64_t gc_size(const char *path, int64_t *newest)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return 0;
    if (newest && st.st_mtime > *newest)
        *newest = st.st_mtime;
    if (!S_ISDIR(st.st_mode))
        return (uint64_t)st.st_size / (st.st_nlink ? st.st_nlink : 1); /* a kept tool has two names (toolkeep.h) */
    uint64_t bytes = 0;
    struct arena *a = arena_create();
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            bytes += gc_size(path_join(a, path, e->d_name), newest);
    if (dir)
        closedir(dir);
    arena_destroy(a);
    return bytes;
}

bool gc_goes_on(const struct collecting *c)
{
    return !c->want->bounded || c->size > c->want->bytes;
}

static void freed(struct collecting *c, uint64_t bytes)
{
    c->size -= bytes < c->size ? bytes : c->size;
}

bool gc_remove_unnamed(struct collecting *c, const char *path)
{
    int64_t newest = 0;
    uint64_t bytes = gc_size(path, &newest);
    if (newest > c->now - GC_GRACE_SECONDS)
        return true;
    c->out->unnamed++;
    c->out->unnamed_bytes += bytes;
    freed(c, bytes);
    return c->want->dry_run || file_remove_tree(path, c->d);
}

static bool remove_dead(struct collecting *c, const char *path)
{
    uint64_t bytes = gc_size(path, NULL);
    if (!file_exists(path) || bytes == 0)
        return true;
    c->out->unnamed++;
    c->out->unnamed_bytes += bytes;
    freed(c, bytes);
    return c->want->dry_run || file_remove_tree(path, c->d);
}

/* A build that looks for one meanwhile makes it. */
static void evict_results(struct collecting *c)
{
    size_t count;
    const struct cache_entry *entries = cache_entries(c->a, c->store, &count);
    while (count-- > 0 && gc_goes_on(c)) {
        const struct cache_entry *e = &entries[count];
        if ((c->want->aged && e->time.tv_sec > c->now - c->want->age_s) || (!c->want->dry_run && unlink(e->path) != 0))
            continue;
        c->out->results++;
        c->out->result_bytes += e->size;
        freed(c, e->size);
    }
}

/* Only the holder of a lock works there, and the one that imports is ours. */
static bool remove_work(struct collecting *c)
{
    int fd = open(path_join(c->a, c->store, "exchange.lock"), O_RDWR | O_CLOEXEC);
    bool alone = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    bool good = remove_dead(c, path_join(c->a, c->store, "tmp")) && (!alone || remove_dead(c, path_join(c->a, c->store, "exchange")));
    if (fd >= 0)
        close(fd);
    return good;
}

/* ---- what records name ---- */

struct naming {
    struct map blobs;  /* SHA-256, hex: 0 a large input, else the place of its image, counted from 1 */
    struct map toolchains; /* ids of kept tools, hex */
    VEC(struct gc_image) images;
};

/* Of several records of one image the one that can be made again counts, else the newest. */
static void name_image(struct collecting *c, struct naming *n, const struct record *r)
{
    const char *hex = hash_text(c->a, &r->image_sha256);
    uint32_t at = map_get(&n->blobs, hex);
    if (!blob_is_there(c->store, &r->image_sha256, r->image_bytes))
        map_add(&n->blobs, hex, 0); /* a file of another size is no image: what it is, ukc verify says */
    else if (at == MAP_ABSENT || at == 0) {
        *vec_add(c->a, &n->images) = (struct gc_image){r, why_not_rebuildable(c->objects, c->store, r)};
        map_set(&n->blobs, hex, (uint32_t)n->images.count);
    } else if (n->images.items[at - 1].kept) {
        n->images.items[at - 1].kept = why_not_rebuildable(c->objects, c->store, r);
    }
}

static bool name_large(struct collecting *c, struct naming *n, const struct record *r)
{
    struct recorded facts;
    if (!r->tree)
        return true;
    if (!recorded_read_facts(c->objects, c->a, r->tree, &r->id, &facts, c->d))
        return diag_help(c->d, "nothing was removed: what this record names is not known");
    for (size_t i = 0; i < facts.recipe.large_count; i++)
        map_add(&n->blobs, hash_text(c->a, &facts.recipe.large[i].sha256), 0);
    return true;
}

/* What kept tools consist of, and the places where they were laid out. */
static bool name_tools(struct collecting *c, struct naming *n)
{
    size_t count = 0, files = 0;
    const char *const *names = objects_references(c->objects, c->a, &count, c->d), *damage;
    const struct tools_file *list;
    for (size_t i = 0; names && i < count; i++) {
        if (!string_starts(names[i], TOOLS_KEPT))
            continue;
        if (!tools_list(c->objects, c->a, names[i], &list, &files, &damage))
            return diag_fail(c->d, DIAG_INTEGRITY, SPAN_NONE, "nothing was removed: %s", damage ? damage : "kept tools cannot be read");
        map_add(&n->toolchains, names[i] + strlen(TOOLS_KEPT), 1);
        for (size_t k = 0; k < files; k++)
            map_add(&n->blobs, hash_text(c->a, &list[k].sha256), 0);
    }
    return names;
}

static bool remove_unnamed_tools(struct collecting *c, const struct naming *n)
{
    bool good = true;
    const char *path = path_join(c->a, c->store, "toolchains");
    DIR *dir = opendir(path);
    for (struct dirent *e; good && dir && (e = readdir(dir));)
        if (e->d_name[0] != '.' && map_get(&n->toolchains, e->d_name) == MAP_ABSENT)
            good = gc_remove_unnamed(c, path_join(c->a, path, e->d_name));
    if (dir)
        closedir(dir);
    return good;
}

/* ---- blobs ---- */

static bool remove_unnamed_blobs(struct collecting *c, const struct naming *n)
{
    bool good = true;
    size_t count = 0;
    const struct blob_listed *list = blobs_list(c->a, c->store, &count);
    for (size_t i = 0; i < count && good; i++)
        if (map_get(&n->blobs, list[i].name) == MAP_ABSENT)
            good = gc_remove_unnamed(c, list[i].path);
    return good;
}

static bool evict_images(struct collecting *c, struct naming *n)
{
    bool good = true;
    for (size_t i = n->images.count; i-- > 0 && good;) { /* the list begins with the newest */
        struct gc_image *x = &n->images.items[i];
        if (x->kept)
            continue;
        if (c->want->aged && x->record->run.ended_ms / 1000 > c->now - c->want->age_s) {
            x->kept = "it was built not long ago";
        } else if (!gc_goes_on(c)) {
            x->kept = "the store is small enough";
        } else {
            c->out->evicted++;
            c->out->image_bytes += x->record->image_bytes;
            freed(c, x->record->image_bytes);
            good = c->want->dry_run || file_remove_tree(blob_path(c->a, c->store, &x->record->image_sha256), c->d);
        }
    }
    c->out->images = n->images.items;
    c->out->image_count = n->images.count;
    return good;
}

/* ---- objects ---- */

static bool tidy(struct collecting *c, const char *const *without, size_t count)
{
    struct tidied t;
    const struct tidying how = {.dry_run = c->want->dry_run, .without = without, .without_count = count, .before = c->now - GC_GRACE_SECONDS};
    if (!objects_tidy(c->objects, &how, &t, c->d))
        return false;
    c->out->objects = t.removed;
    c->out->packed = t.packed;
    c->out->object_bytes = t.freed;
    freed(c, t.freed);
    return true;
}

static bool collect(struct collecting *c)
{
    struct naming n = {};
    size_t count = 0, sources = 0;
    const char *const *without = NULL;
    const struct record *all = record_list(c->records, c->a, NULL, NULL, 0, &count, c->d);
    bool good = all && name_tools(c, &n);
    for (size_t i = 0; i < count && good; i++) {
        name_image(c, &n, &all[i]);
        good = name_large(c, &n, &all[i]);
    }
    if (good)
        evict_results(c);
    good = good && remove_work(c) && remove_unnamed_tools(c, &n) && remove_unnamed_blobs(c, &n) && evict_images(c, &n) && gc_sources(c, &without, &sources) && tidy(c, without, sources);
    map_dispose(&n.blobs);
    map_dispose(&n.toolchains);
    return good;
}

bool gc_run(const struct store *s, struct records *r, struct arena *a, const struct gc *want, struct collected *out, struct diag *d)
{
    size_t added;
    struct collecting c = {.a = a, .want = want, .store = store_directory(s), .records = r, .now = time(NULL), .out = out, .d = d};
    *out = (struct collected){};
    if (r->read_only && !want->dry_run)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "nothing can be removed: '%s' cannot be written", r->path);
    int lock = store_lock(s, d);
    bool good = lock >= 0 && records_reindex(r, &added, d); /* what the index does not know would count as named by nothing */
    c.objects = good ? objects_open_alone(r->objects, WAIT_SECONDS, d) : NULL;
    good = c.objects && records_refuse_unlogged(r, c.objects, "nothing was removed: ", d);
    const char *whole = arena_printf(a, "%s/.", c.store); /* it may be a link */
    out->before = out->after = c.size = gc_size(whole, NULL);
    good = good && collect(&c);
    objects_close(c.objects);
    if (lock >= 0)
        close(lock);
    out->after = want->dry_run ? c.size : gc_size(whole, NULL);
    return good;
}
