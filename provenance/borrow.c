/*
 * borrow.c - opens a repository that is not ours, for reading (objects.h).
 *
 * Its objects come from two places: loose ones, which objects_read.c reads
 * itself, also those of its alternates; and packs, through an object database
 * of libgit2 that has nothing but packs.  Its references are not looked at.
 */
#include <git2/odb_backend.h>
#include <git2/sys/odb_backend.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "objects_inside.h"

#define ALTERNATES_LIMIT 16

struct borrowing {
    struct arena *arena;
    VEC(const char *) roots;
    const char *fault;
};

static bool add_root(struct borrowing *b, const char *directory)
{
    for (size_t i = 0; i < b->roots.count; i++)
        if (strcmp(b->roots.items[i], directory) == 0)
            return true;
    if (b->roots.count >= ALTERNATES_LIMIT)
        return false;
    *vec_add(b->arena, &b->roots) = directory;
    return true;
}

/* objects/info/alternates: a directory a line, absolute or relative to objects/. */
static bool add_alternates(struct borrowing *b, const char *objects)
{
    const char *list = path_join(b->arena, objects, "info/alternates");
    if (!file_is_regular(list))
        return true;
    struct diag *quiet = diag_create();
    const struct source *s = file_read(b->arena, list, SPAN_NONE, 1 << 20, quiet);
    diag_destroy(quiet);
    char *text = s ? arena_strdup(b->arena, s->bytes) : NULL, *save = NULL;
    for (char *line = s ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
        if (*line != '#' && !add_root(b, path_join(b->arena, objects, line)))
            return false;
    return s;
}

static bool add_packs(struct borrowing *b, git_odb *odb)
{
    for (size_t i = 0; i < b->roots.count; i++) {
        git_odb_backend *packs = NULL;
        if (git_odb_backend_pack(&packs, b->roots.items[i]) != 0 || git_odb_add_backend(odb, packs, 1) != 0)
            return false;
    }
    return true;
}

struct objects *objects_borrow(struct arena *a, const char *directory, const char **fault)
{
    struct borrowing b = {.arena = a};
    struct objects *o = arena_new(a, struct objects);
    *fault = "it is not a git repository that libgit2 can open";
    if (git_repository_open_ext(&o->repository, directory, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) != 0)
        return NULL;
    add_root(&b, path_join(a, git_repository_commondir(o->repository), "objects"));
    *fault = "its list of alternates cannot be used";
    for (size_t i = 0; i < b.roots.count; i++) /* the list grows */
        if (!add_alternates(&b, b.roots.items[i]))
            return NULL;
    *fault = "its packs cannot be read";
    if (git_odb_new(&o->odb) != 0 || !add_packs(&b, o->odb))
        return NULL;
    o->directory = arena_strdup(a, directory);
    o->lock = -1;
    o->roots = b.roots.items;
    o->root_count = b.roots.count;
    return o;
}
