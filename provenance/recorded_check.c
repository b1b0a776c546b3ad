/*
 * recorded_check.c - is a tree that somebody else made a record, and nothing but the record?  See recorded.h.
 *
 * Every part has its SHA-256 already.  What is left is the tree: empty directories, other modes, names that no part has would
 * come into the store with it.  So the tree is made again from the parts, and compared.
 */
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"
#include "recorded.h"

struct remaking {
    struct arena *a;
    struct objects *objects;
    struct object_source parts[8]; /* sorted by path, as far as they are there */
    size_t count;
    struct diag *d;
};

static void add_text(struct remaking *m, const char *path, struct text *t)
{
    m->parts[m->count++] = (struct object_source){.path = path, .bytes = text_keep(t, m->a), .size = t->size};
    text_dispose(t);
}

/* `path` ends with a slash. */
static bool add_tree(struct remaking *m, const char *path, const struct object_source *sources, size_t count)
{
    char *tree = arena_alloc(m->a, OBJECT_HEX, 1);
    m->parts[m->count++] = (struct object_source){.path = path, .tree = tree};
    return objects_write_tree(m->objects, sources, count, tree, NULL, m->d);
}

static bool add_files(struct remaking *m, const char *path, const struct object_file *files, size_t count)
{
    struct object_source *sources = arena_array(m->a, struct object_source, count);
    for (size_t i = 0; i < count; i++)
        sources[i] = (struct object_source){.path = files[i].path, .bytes = files[i].bytes, .size = files[i].size};
    return add_tree(m, path, sources, count);
}

static bool add_groups(struct remaking *m, const struct recorded *r, bool outputs)
{
    return add_tree(m, outputs ? "outputs/" : "actions/", recorded_group_sources(m->a, r->groups, r->group_count, outputs), r->group_count);
}

static bool remake(struct remaking *m, const struct recorded *r, char tree[OBJECT_HEX])
{
    struct text recipe = {}, record = {}, tools = {};
    if (!add_groups(m, r, false) || (r->recipe.has_host && !add_files(m, "host/", r->host, r->host_count)) ||
        !add_files(m, "inputs/", r->inputs, r->input_count) || !add_files(m, "intent/", r->intent, r->intent_count) || !add_groups(m, r, true))
        return false;
    recipe_text(&r->recipe, &recipe);
    record_facts_text(&r->facts, &record);
    text_puts(&tools, r->tools);
    add_text(m, "recipe", &recipe);
    add_text(m, "record", &record);
    add_text(m, "tools", &tools);
    return objects_write_tree(m->objects, m->parts, m->count, tree, NULL, m->d);
}

const struct recorded *recorded_check(struct objects *o, struct arena *a, const char *tree, const struct hash *id, struct diag *d)
{
    char again[OBJECT_HEX], hex[HASH_HEX];
    struct remaking m = {.a = a, .objects = o, .d = d};
    const struct recorded *r = recorded_read(o, a, tree, id, true, d);
    if (!r || !remake(&m, r, again))
        return NULL;
    if (string_equal(tree, again))
        return r;
    hash_hex(id, hex);
    diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "of record %.12s, the tree has something that the record does not", hex);
    return NULL;
}
