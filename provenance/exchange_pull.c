/*
 * exchange_pull.c - a remote's records come into the store; see exchange.h.
 */
#include "exchange_inside.h"
#include <errno.h>
#include <string.h>
#include "../ukc/base/file.h"
#include "blobs.h"
#include "import.h"

/* A large input, out of the remote; what is read is what its SHA-256 says, or nothing. */
static bool take_file(struct exchange *x, const struct large_input *large)
{
    char hex[HASH_HEX];
    struct stream s;
    hash_hex(&large->sha256, hex);
    if (blob_look(x->records->store, &large->sha256) == BLOB_RIGHT)
        return true;
    if (map_get(&x->files, hex) == MAP_ABSENT) {
        diag_fail(x->d, DIAG_MISSING, SPAN_NONE, "'%s' does not have the input '%s' (%.12s); nothing was added to the log", x->remote, large->path, hex);
        return diag_help(x->d, PUSH_AGAIN);
    }
    const char *reference = arena_printf(x->a, FILES "%s", hex);
    if (!exchange_fetch(x, reference))
        return false;
    if (!stream_start(x->a, &s, (const char *const[]){"git", "-C", x->place, "--git-dir=.", "cat-file", "blob", reference, NULL}, path_join(x->a, x->place, "file")))
        return diag_fail(x->d, DIAG_OUTSIDE, SPAN_NONE, "git cannot be started: %s", strerror(errno));
    bool good = blob_take(x->records->store, s.fd, reference, &large->sha256, large->size, x->d);
    stream_finish(x->a, &s, false);
    return good || (diag_status(x->d) != DIAG_OUTSIDE && diag_help(x->d, PUSH_AGAIN));
}

static bool verify_tree(struct exchange *x, const struct given_tree *t)
{
    struct arena *a = arena_create();
    const struct recorded *r = recorded_check(x->theirs, a, t->tree, &t->id, x->d);
    bool good = r || diag_help(x->d, "'%s' has it like that; nothing was changed", x->remote);
    arena_destroy(a);
    return good;
}

static bool take_files(struct exchange *x, const struct given_tree *t)
{
    struct arena *a = arena_create();
    struct recorded r;
    bool good = recorded_read_facts(x->theirs, a, t->tree, &t->id, &r, x->d);
    for (size_t i = 0; good && i < r.recipe.large_count; i++)
        good = take_file(x, &r.recipe.large[i]);
    arena_destroy(a);
    return good;
}

/* The objects of a verified tree: all of them are those of a record. */
static bool copy_tree(struct exchange *x, struct objects *own, const char *tree)
{
    struct arena *a = arena_create();
    const struct object_entry *entries;
    size_t count = 0;
    const char *damage = NULL;
    struct object_given o = {.is_tree = true};
    bool good = objects_read_entries(x->theirs, a, tree, &entries, &count, &damage) == OBJECT_OK;
    for (size_t i = 0; good && i <= count; i++) {
        o.is_tree = i == count || strcmp(entries[i].mode, "40000") == 0;
        size_t size = 0;
        if (i < count && o.is_tree) {
            good = copy_tree(x, own, entries[i].id);
            continue;
        }
        good = objects_read(x->theirs, a, i < count ? entries[i].id : tree, o.is_tree ? OBJECT_TREE : OBJECT_BLOB, &o.bytes, &size, &damage) == OBJECT_OK;
        o.size = size;
        good = good && objects_put(own, &o, x->d);
    }
    arena_destroy(a);
    return good || diag_errors(x->d) || diag_fail(x->d, objects_fault(x->theirs), SPAN_NONE, "%s", damage);
}

static bool add_all(struct exchange *x, struct objects *own, const struct history *log, const tree_list *trees, struct exchanged *out)
{
    struct arena *a = arena_create();
    bool good = true;
    for (size_t i = 0; i < trees->count && good; i++) { /* as they are in the store now: a pack may have had another object of the same SHA-1 */
        good = copy_tree(x, own, trees->items[i].tree) && recorded_read(own, a, trees->items[i].tree, &trees->items[i].id, true, x->d);
        arena_destroy(a);
        a = arena_create();
    }
    size_t before = 0, after = 0;
    struct records_added added = {};
    good = good && records_count(x->records, &before, x->d) && records_add_log(x->records, own, log, &added, x->d) && records_count(x->records, &after, x->d);
    *out = (struct exchanged){good ? after - before : 0, added.runs, added.reproductions};
    arena_destroy(a);
    return good;
}

bool exchange_pull_here(struct exchange *x, struct exchanged *out)
{
    struct history ours, theirs;
    tree_list trees = {};
    if (!exchange_meet(x))
        return false;
    if (!x->has_log) {
        diag_warning(x->d, SPAN_NONE, "'%s' has no log of builds", x->remote);
        diag_help(x->d, "'ukc store push' from another store begins one there");
    }
    if (!exchange_read_logs(x, &ours, &theirs))
        return false;
    struct history new = history_subtract(x->a, &theirs, &ours);
    exchange_list_trees(x, &new, &trees);
    objects_close_writing(x->theirs);
    bool good = true;
    for (size_t i = 0; i < trees.count && good; i++)
        good = verify_tree(x, &trees.items[i]);
    struct objects *own = good ? objects_open(x->records->objects, x->d) : NULL; /* from here on nobody takes away what nothing names yet */
    for (size_t i = 0; own && i < trees.count && good; i++)
        good = take_files(x, &trees.items[i]);
    good = own && good && add_all(x, own, &new, &trees, out);
    objects_close(own);
    return good;
}
