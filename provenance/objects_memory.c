/*
 * objects_memory.c - a repository of objects that are at hand, those of a bundle; see objects.h.
 */
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "objects_inside.h"

struct objects *objects_of(struct object_given *given, size_t count, struct diag *d)
{
    if (!libgit2_start(d))
        return NULL;
    struct arena *a = arena_create();
    struct objects *o = arena_new(a, struct objects);
    static struct object_given none;
    *o = (struct objects){.arena = a, .lock = -1, .closed = true, .given = count ? given : &none, .given_count = count};
    return o;
}

void objects_close_writing(struct objects *o)
{
    o->closed = true;
}

const char *objects_place(const struct objects *o)
{
    return o->given ? "bundle" : "store";
}

bool objects_is_right(const struct object_given *g)
{
    git_oid id;
    return git_odb_hash(&id, g->bytes, g->size, g->is_tree ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB) == 0 && git_oid_streq(&id, g->id) == 0;
}

static int compare(const void *hex, const void *given)
{
    return strcmp(hex, ((const struct object_given *)given)->id);
}

struct object_given *find_given(const struct objects *o, const git_oid *id)
{
    char hex[OBJECT_HEX];
    git_oid_tostr(hex, sizeof hex, id);
    return bsearch(hex, o->given, o->given_count, sizeof *o->given, compare);
}

enum object_status read_given(const struct objects *o, struct arena *a, const git_oid *id, struct content *out, const char **damage)
{
    const struct object_given *g = find_given(o, id);
    if (g)
        *out = (struct content){g->is_tree ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB, g->bytes, g->size};
    else
        *damage = arena_printf(a, "object %s is missing", git_oid_tostr_s(id));
    return g ? OBJECT_OK : OBJECT_ABSENT;
}
