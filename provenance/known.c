/*
 * known.c - see known.h.
 */
#include "known.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/diag.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"

#define MOST 50000     /* entries: 7 MB */
#define SETTLED_NS 2000000000 /* a clock may be that coarse, and kernels take its time at the last tick */

struct state {
    uint64_t device, inode, size;
    int64_t changed_ns, modified_ns;
};

struct entry {
    struct state file, object;
    unsigned char id[20], blob[HASH_BYTES];
    uint32_t unused; /* so that no byte is without a value */
};

static const char magic[16] = "ukc-files 1\n";

struct known {
    struct arena *arena;
    const char *path;
    const struct entry *old; /* sorted */
    size_t old_count;
    VEC(struct entry) added;
};

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct state state_of(const struct stat *st)
{
    return (struct state){(uint64_t)st->st_dev, (uint64_t)st->st_ino, (uint64_t)st->st_size, nanoseconds(st->st_ctim), nanoseconds(st->st_mtim)};
}

static bool same_state(const struct state *a, const struct state *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed_ns == b->changed_ns && a->modified_ns == b->modified_ns;
}

static int entry_compare(const void *a, const void *b)
{
    const struct state *x = &((const struct entry *)a)->file, *y = &((const struct entry *)b)->file;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

/* ---- the file ---- */

static void load(struct known *k, const struct source *s)
{
    size_t head = sizeof magic, tail = HASH_BYTES;
    if (s->size < head + tail || memcmp(s->bytes, magic, head) != 0 || (s->size - head - tail) % sizeof(struct entry))
        return;
    struct hash h = hash_bytes(s->bytes, s->size - tail);
    if (memcmp(h.bytes, s->bytes + s->size - tail, tail) != 0)
        return;
    k->old_count = (s->size - head - tail) / sizeof(struct entry);
    k->old = arena_memdup(k->arena, s->bytes + head, k->old_count * sizeof(struct entry));
}

struct known *known_open(const char *file)
{
    struct arena *a = arena_create();
    struct known *k = arena_new(a, struct known);
    *k = (struct known){.arena = a, .path = arena_strdup(a, file)};
    struct diag *quiet = diag_create();
    const struct source *s = file_exists(file) ? file_read(a, file, SPAN_NONE, sizeof magic + MOST * 2 * sizeof(struct entry), quiet) : NULL;
    if (s)
        load(k, s);
    diag_destroy(quiet);
    return k;
}

/* What was added is newer than what was there of the same file; when there is too much, only that stays. */
static void save(struct known *k)
{
    struct text out = {};
    qsort(k->added.items, k->added.count, sizeof *k->added.items, entry_compare);
    text_append(&out, magic, sizeof magic);
    size_t old_count = k->old_count + k->added.count > MOST ? 0 : k->old_count;
    for (size_t x = 0, y = 0; x < old_count || y < k->added.count;) {
        int order = x == old_count ? 1 : y == k->added.count ? -1 : entry_compare(&k->old[x], &k->added.items[y]);
        if (order < 0) {
            text_append(&out, &k->old[x++], sizeof *k->old);
            continue;
        }
        x += order == 0;
        if (y + 1 == k->added.count || entry_compare(&k->added.items[y], &k->added.items[y + 1]) != 0)
            text_append(&out, &k->added.items[y], sizeof *k->old);
        y++;
    }
    struct hash h = hash_bytes(out.bytes, out.size);
    text_append(&out, h.bytes, sizeof h.bytes);
    struct diag *quiet = diag_create();
    file_write(k->path, out.bytes, out.size, NULL, quiet);
    diag_destroy(quiet);
    text_dispose(&out);
}

void known_close(struct known *k)
{
    if (!k)
        return;
    if (k->added.count)
        save(k);
    arena_destroy(k->arena);
}

/* ---- entries ---- */

static const struct entry *find(const struct known *k, const struct stat *st)
{
    const struct entry wanted = {.file = state_of(st)};
    const struct entry *e = k->old_count ? bsearch(&wanted, k->old, k->old_count, sizeof *k->old, entry_compare) : NULL;
    return e && same_state(&e->file, &wanted.file) ? e : NULL;
}

bool known_find(const struct known *k, const struct stat *st, struct known_file *out)
{
    const struct entry *e = find(k, st);
    if (!e)
        return false;
    memcpy(out->id.id, e->id, sizeof e->id);
    memcpy(out->blob.bytes, e->blob, sizeof e->blob);
    return true;
}

bool known_object(const struct known *k, const struct stat *file, const struct stat *object)
{
    const struct entry *e = find(k, file);
    const struct state now = state_of(object);
    return e && same_state(&e->object, &now);
}

bool known_is_settled(const struct stat *st)
{
    struct timespec now;
    return clock_gettime(CLOCK_REALTIME, &now) == 0 && nanoseconds(st->st_ctim) < nanoseconds(now) - SETTLED_NS &&
           nanoseconds(st->st_mtim) < nanoseconds(now) - SETTLED_NS;
}

void known_add(struct known *k, const struct stat *st, const struct known_file *f, const struct stat *object)
{
    struct entry *e = vec_add(k->arena, &k->added);
    *e = (struct entry){.file = state_of(st), .object = object ? state_of(object) : (struct state){}};
    memcpy(e->id, f->id.id, sizeof e->id);
    memcpy(e->blob, f->blob.bytes, sizeof e->blob);
}
