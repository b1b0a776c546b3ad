/*
 * gc_sources.c - imported sources that nobody has used for long, and working copies of none; see gc.h.
 *
 * A build reads its sources where they are unpacked.  It looks at them first, which their state's time shows (unpacked.c): what was used within
 * a day stays, whatever the store's size.
 */
#include "gc_inside.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../ukc/base/file.h"
#include "../ukc/base/map.h"
#include "../ukc/base/text.h"
#include "import.h"
#include "job.h"

#define DAY 86400

struct source_import {
    const char *reference, *state; /* of its working copy */
    const char *tree; /* of one that leaves; may be NULL */
    int64_t used;
};

/* "refs/ukc/debian/lwip/<id>": unpacked/lwip-<id>.state; "refs/ukc/git/<id>": unpacked/git-<id>.state. */
static bool take(struct collecting *c, const char *reference, struct source_import *out)
{
    struct stat st;
    const char *id = import_reference_id(reference), *name = id ? path_base(arena_strndup(c->a, reference, (size_t)(id - 1 - reference))) : NULL;
    if (!id)
        return false;
    *out = (struct source_import){.reference = reference, .state = arena_printf(c->a, "%s/unpacked/%s-%s.state", c->store, name, id)};
    if (stat(out->state, &st) == 0 || stat(arena_printf(c->a, "%s/objects/%s", c->store, reference), &st) == 0)
        out->used = st.st_mtime;
    return true;
}

static int by_use(const void *a, const void *b)
{
    const struct source_import *x = a, *y = b;
    return x->used != y->used ? (x->used > y->used) - (x->used < y->used) : strcmp(x->reference, y->reference);
}

/* The tree whose working copy a state describes; NULL: it cannot be read. */
static const char *tree_of(struct collecting *c, const char *state)
{
    char tree[OBJECT_HEX];
    struct diag *quiet = diag_create();
    const struct source *s = file_read(c->a, state, SPAN_NONE, 0, quiet);
    const char *line = s ? strstr(s->bytes, "\ntree ") : NULL;
    diag_destroy(quiet);
    return line && sscanf(line, "\ntree %40[0-9a-f]\n", tree) == 1 ? arena_strdup(c->a, tree) : NULL;
}

static bool has_left(const struct source_import *gone, size_t count, const char *state)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(gone[i].state, state) == 0)
            return true;
    return false;
}

static bool remove_copy(struct collecting *c, const struct source_import *gone, size_t count, const char *directory)
{
    for (size_t i = 0; i < count; i++)
        if (gone[i].tree && strcmp(gone[i].tree, path_base(directory)) == 0)
            return c->want->dry_run || file_remove_tree(directory, c->d);
    return gc_remove_unnamed(c, directory);
}

/* Directories of unpacked/ that no state of an import describes. */
static bool remove_copies(struct collecting *c, const struct source_import *gone, size_t count)
{
    const char *unpacked = path_join(c->a, c->store, "unpacked");
    struct map trees = {};
    VEC(const char *) directories = {};
    bool good = true;
    DIR *dir = opendir(unpacked);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        const char *path = path_join(c->a, unpacked, e->d_name);
        const char *tree = string_ends(e->d_name, ".state") && !has_left(gone, count, path) ? tree_of(c, path) : NULL;
        if (tree)
            map_add(&trees, tree, 1);
        else if (strlen(e->d_name) == OBJECT_HEX - 1 && file_is_directory(path))
            *vec_add(c->a, &directories) = path;
    }
    if (dir)
        closedir(dir);
    for (size_t i = 0; good && i < directories.count; i++)
        if (map_get(&trees, path_base(directories.items[i])) == MAP_ABSENT)
            good = remove_copy(c, gone, count, directories.items[i]);
    map_dispose(&trees);
    return good;
}

static bool may_leave(const struct collecting *c, const struct source_import *x)
{
    int64_t age = c->want->aged && c->want->age_s > DAY ? c->want->age_s : DAY;
    return (c->want->aged || c->want->bounded) && x->used < c->now - age && gc_goes_on(c);
}

/* Its reference last: killed before, it is an import without a working copy, which is made again. */
static bool evict(struct collecting *c, struct source_import *x, struct gc_source *out)
{
    x->tree = tree_of(c, x->state);
    const char *copy = x->tree ? unpacked_directory(c->a, c->store, x->tree) : NULL;
    *out = (struct gc_source){x->reference, copy ? gc_size(copy, NULL) : 0};
    c->out->source_bytes += out->bytes;
    c->size -= out->bytes < c->size ? out->bytes : c->size;
    if (c->want->dry_run)
        return true;
    return file_remove_tree(x->state, c->d) && objects_remove_reference(c->objects, x->reference, c->d);
}

bool gc_sources(struct collecting *c, const char *const **references, size_t *count)
{
    size_t all = 0;
    const char *const *names = objects_references(c->objects, c->a, &all, c->d);
    VEC(struct source_import) imports = {};
    VEC(struct gc_source) gone = {};
    VEC(const char *) without = {};
    struct source_import x;
    for (size_t i = 0; i < all; i++)
        if (take(c, names[i], &x))
            *vec_add(c->a, &imports) = x;
    if (imports.count)
        qsort(imports.items, imports.count, sizeof *imports.items, by_use);
    bool good = names != NULL;
    for (size_t i = 0; good && i < imports.count && may_leave(c, &imports.items[i]); i++) {
        good = evict(c, &imports.items[i], vec_add(c->a, &gone));
        *vec_add(c->a, &without) = imports.items[i].reference;
    }
    good = good && remove_copies(c, imports.items, gone.count);
    c->out->sources = gone.items;
    c->out->source_count = gone.count;
    *count = without.count ? string_sort_unique(without.items, without.count) : 0;
    *references = without.items;
    return good;
}
