/*
 * pruned.c - see pruned.h.
 */
#include "pruned.h"
#include "weights.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"

static int by_loss(const void *x, const void *y)
{
    const struct pruned *a = x, *b = y;
    return a->pruned != b->pruned ? (a->pruned > b->pruned ? -1 : 1) : strcmp(a->instance, b->instance);
}

/* What another configuration of this directory left is not this image's. */
static bool is_linked(struct arena *a, const struct source *ninja, const char *instance)
{
    return !ninja || strstr(ninja->bytes, arena_printf(a, "/obj/%s/linked.bc: ", instance));
}

bool pruned_read(struct arena *a, const struct size_report *r, struct pruned_list *out, struct diag *d)
{
    const char *build = path_directory(a, r->image), *objects = path_join(a, build, "obj");
    const char *ninja = path_join(a, build, "build.ninja");
    const struct source *statements = file_is_regular(ninja) ? file_read(a, ninja, SPAN_NONE, 0, d) : NULL;
    VEC(struct pruned) list = {};
    DIR *all = opendir(objects);
    bool good = true;
    *out = (struct pruned_list){};
    for (struct dirent *e; good && all && (e = readdir(all));) {
        const char *module = arena_printf(a, "%s/%s/linked.bc", objects, e->d_name);
        if (e->d_name[0] == '.' || !file_is_regular(module) || !is_linked(a, statements, e->d_name))
            continue;
        struct weights w;
        good = weights_read(a, module, path_join(a, build, "tools.txt"), &w, d);
        const struct pruned p = size_pruned(a, r, arena_strdup(a, e->d_name), w.items, w.count, w.bytes);
        out->pruned += p.pruned;
        *vec_add(a, &list) = p;
    }
    if (all)
        closedir(all);
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, by_loss);
    out->items = list.items;
    out->count = list.count;
    return good;
}
