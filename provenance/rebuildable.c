/*
 * rebuildable.c - see rebuildable.h.
 */
#include "rebuildable.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "toolkeep.h"

const char *const *recorded_programs(struct arena *a, const struct recorded *r, size_t *count)
{
    VEC(const char *) names = {};
    for (size_t i = 0; i < r->group_count; i++)
        for (size_t k = 0; k < r->groups[i].actions.action_count; k++) {
            const struct action *x = &r->groups[i].actions.actions[k];
            *vec_add(a, &names) = x->words[0];
            for (size_t w = 1; w < x->word_count; w++)
                if (string_starts(x->words[w], "--ld-path="))
                    *vec_add(a, &names) = x->words[w] + strlen("--ld-path=");
        }
    *count = names.count ? string_sort_unique(names.items, names.count) : 0;
    return names.items;
}

static bool is_here(const struct object_file *f)
{
    struct arena *a = arena_create();
    struct diag *quiet = diag_create();
    const struct source *s = file_read(a, arena_printf(a, "/%s", f->path), SPAN_NONE, OBJECT_LIMIT, quiet);
    bool same = s && s->size == f->size && memcmp(s->bytes, f->bytes, f->size) == 0;
    diag_destroy(quiet);
    arena_destroy(a);
    return same;
}

const uint32_t *recorded_host_differences(struct arena *a, const struct recorded *r, size_t *count)
{
    VEC(uint32_t) list = {};
    for (size_t i = 0; i < r->host_count; i++)
        if (!is_here(&r->host[i]))
            *vec_add(a, &list) = (uint32_t)i;
    *count = list.count;
    return list.items;
}

static bool has_large_inputs(const char *store, const struct recorded *r)
{
    bool good = true;
    for (size_t i = 0; good && i < r->recipe.large_count; i++)
        good = blob_look(store, &r->recipe.large[i].sha256) == BLOB_RIGHT;
    return good;
}

static bool keeps_tools(struct arena *a, struct objects *o, const char *store, const struct recorded *r)
{
    char hex[HASH_HEX];
    const struct tools_file *files;
    size_t count = 0;
    const char *damage;
    hash_hex(&r->recipe.tools, hex);
    bool kept = tools_list(o, a, arena_printf(a, TOOLS_KEPT "%s", hex), &files, &count, &damage);
    for (size_t i = 0; kept && i < count; i++)
        kept = blob_is_there(store, &files[i].sha256, files[i].size);
    return kept;
}

static bool has_tools(struct arena *a, const char *store, const struct recorded *r, struct diag *quiet)
{
    size_t count;
    const char *const *names = recorded_programs(a, r, &count);
    const struct toolset *found = toolset_find(a, store, names, count, quiet);
    return found && string_equal(found->text, r->tools);
}

static const char *look(struct arena *a, struct objects *o, const char *store, const struct record *record, struct diag *quiet)
{
    size_t other;
    const struct recorded *r = recorded_read(o, a, record->tree, &record->id, true, quiet);
    if (!r || !has_large_inputs(store, r))
        return "not all that it was made of is in the store";
    if (!has_tools(a, store, r, quiet) && !keeps_tools(a, o, store, r))
        return "its tools are not on this machine";
    recorded_host_differences(a, r, &other);
    return other ? "it has parts of another host's C library" : NULL;
}

const char *why_not_rebuildable(struct objects *o, const char *store, const struct record *record)
{
    if (!record->tree)
        return "its record kept no contents";
    if (record->other_images)
        return "its recipe gave other images too";
    if (record->differed && !record->reproduced)
        return "it was another image when it was to be reproduced";
    if (strcmp(record->run.audit, "complete") != 0 && !record->reproduced)
        return "nobody watched its build, and it was never reproduced";
    struct arena *scratch = arena_create();
    struct diag *quiet = diag_create();
    const char *why = look(scratch, o, store, record, quiet);
    diag_destroy(quiet);
    arena_destroy(scratch);
    return why;
}
