/*
 * recorded_read.c - a record out of the store's repository, every part compared with its SHA-256; see recorded.h.
 */
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"
#include "gitoid.h"
#include "recorded.h"
#include "toolset.h"

struct reader {
    struct arena *a;
    struct objects *objects;
    const char *id; /* the record's, for messages */
    const struct object_entry *entries;
    size_t count;
    struct diag *d;
};

bool recorded_remedy(const struct hash *id, struct diag *d)
{
    char hex[HASH_HEX];
    hash_hex(id, hex);
    return diag_help(d, "'ukc bundle %.12s' in a store that has it whole, and 'ukc import' here, put it right", hex);
}

static bool fail(struct reader *r, const char *part, enum object_status status, const char *damage)
{
    const char *place = objects_place(r->objects);
    if (status == OBJECT_ABSENT)
        return diag_fail(r->d, string_equal(place, "store") ? DIAG_MISSING : DIAG_INTEGRITY, SPAN_NONE, "of record %.12s, %s is not in the %s%s%s", r->id,
                         part, place, damage ? ": " : "", damage ? damage : "");
    if (objects_fault(r->objects) == DIAG_OUTSIDE)
        return diag_fail(r->d, DIAG_OUTSIDE, SPAN_NONE, "of record %.12s, %s cannot be had: %s", r->id, part, damage);
    return diag_fail(r->d, DIAG_INTEGRITY, SPAN_NONE, "of record %.12s, %s is not what it should be: %s", r->id, part,
                     damage ? damage : "it does not have its SHA-256");
}

static const char *object_of(const struct reader *r, const char *name, bool tree)
{
    for (size_t i = 0; i < r->count; i++)
        if (string_equal(r->entries[i].name, name) && string_equal(r->entries[i].mode, tree ? "40000" : "100644"))
            return r->entries[i].id;
    return NULL;
}

static const char *read_text(struct reader *r, const char *name, const struct hash *expected, size_t *size)
{
    const char *object = object_of(r, name, false), *bytes = NULL, *damage = "its tree does not name it";
    enum object_status status = object ? objects_read(r->objects, r->a, object, OBJECT_BLOB, &bytes, size, &damage) : OBJECT_DAMAGED;
    if (status != OBJECT_OK) {
        fail(r, name, status, damage);
        return NULL;
    }
    struct hash actual = gitoid_blob(bytes, *size);
    if (hash_equal(&actual, expected))
        return bytes;
    fail(r, name, OBJECT_DAMAGED, string_equal(name, "record") ? "it does not have its SHA-256, or the index has another: then 'ukc store reindex' helps" : NULL);
    return NULL;
}

static const struct object_file *read_tree(struct reader *r, const char *name, const struct hash *expected, size_t *count)
{
    const struct object_file *files;
    const char *object = object_of(r, name, true), *damage = "its tree does not name it";
    enum object_status status = object ? objects_read_tree(r->objects, r->a, object, &files, count, &damage) : OBJECT_DAMAGED;
    if (status != OBJECT_OK) {
        fail(r, name, status, damage);
        return NULL;
    }
    struct gitoid_file *ids = arena_array(r->a, struct gitoid_file, *count);
    for (size_t i = 0; i < *count; i++)
        ids[i] = (struct gitoid_file){files[i].path, files[i].kind, gitoid_blob(files[i].bytes, files[i].size)};
    struct hash actual = gitoid_tree(ids, *count);
    if (hash_equal(&actual, expected))
        return files ? files : arena_array(r->a, struct object_file, 1);
    fail(r, name, OBJECT_DAMAGED, NULL);
    return NULL;
}

static bool take_facts(struct reader *r, const struct hash *id, struct recorded *out)
{
    size_t size;
    const char *record = read_text(r, "record", id, &size);
    if (!record)
        return false;
    if (!record_facts_parse(r->a, record, size, &out->facts))
        return fail(r, "record", OBJECT_DAMAGED, "it is not a record that this ukc can read");
    const char *recipe = read_text(r, "recipe", &out->facts.recipe, &size);
    if (!recipe)
        return false;
    if (!recipe_parse(r->a, recipe, size, &out->recipe))
        return fail(r, "recipe", OBJECT_DAMAGED, "it is not a recipe that this ukc can read");
    const char *tools = read_text(r, "tools", &out->recipe.tools, &size);
    out->tools = tools ? arena_strndup(r->a, tools, size) : NULL;
    return tools;
}

static bool begin(struct reader *r, const char *tree, const struct hash *id, struct recorded *out)
{
    const char *damage = NULL;
    r->id = hash_text(r->a, id);
    *out = (struct recorded){};
    enum object_status status = objects_read_entries(r->objects, r->a, tree, &r->entries, &r->count, &damage);
    return status == OBJECT_OK ? take_facts(r, id, out) : fail(r, "the tree", status, damage);
}

bool recorded_read_facts(struct objects *o, struct arena *a, const char *tree, const struct hash *id, struct recorded *out, struct diag *d)
{
    struct reader r = {.a = a, .objects = o, .d = d};
    return begin(&r, tree, id, out);
}

/* A record comes from anywhere: what it runs are compilers and linkers, found by their names in PATH. */
static bool runs_tools_only(struct reader *r, const struct action_group *g)
{
    for (size_t i = 0; i < g->action_count; i++)
        for (size_t w = 0; w < g->actions[i].word_count; w++) {
            const char *word = g->actions[i].words[w], *program = w == 0 ? word : string_starts(word, "--ld-path=") ? word + strlen("--ld-path=") : NULL;
            if (program && !toolset_is_program(program))
                return diag_fail(r->d, DIAG_INTEGRITY, SPAN_NONE, "record %.12s runs '%s' for '%s', which is no compiler or linker of ukc's", r->id, program,
                                 g->actions[i].outputs[0]);
        }
    return true;
}

/* The groups: two trees with the same names. */
static bool take_groups(struct reader *r, struct recorded *out)
{
    size_t count = 0, outputs = 0;
    const struct object_file *actions = read_tree(r, "actions", &out->recipe.actions, &count);
    const struct object_file *made = actions ? read_tree(r, "outputs", &out->facts.outputs, &outputs) : NULL;
    if (!made)
        return false;
    struct recorded_group *groups = arena_array(r->a, struct recorded_group, count);
    for (size_t i = 0; i < count; i++) {
        if (!action_group_parse(r->a, actions[i].path, actions[i].bytes, actions[i].size, &groups[i].actions))
            return fail(r, arena_printf(r->a, "actions/%s", actions[i].path), OBJECT_DAMAGED, "it is not a group that this ukc can read");
        if (!runs_tools_only(r, &groups[i].actions))
            return false;
        if (outputs != count || !string_equal(actions[i].path, made[i].path) ||
            !action_outputs_parse(r->a, made[i].bytes, made[i].size, &groups[i].outputs, &groups[i].output_count))
            return fail(r, arena_printf(r->a, "outputs/%s", actions[i].path), OBJECT_DAMAGED, "it does not fit its actions");
    }
    out->groups = groups;
    out->group_count = count;
    return true;
}

const struct recorded *recorded_read(struct objects *o, struct arena *a, const char *tree, const struct hash *id, bool inputs, struct diag *d)
{
    struct recorded *out = arena_new(a, struct recorded);
    struct reader r = {.a = a, .objects = o, .d = d};
    if (!begin(&r, tree, id, out) || !take_groups(&r, out))
        return NULL;
    out->intent = read_tree(&r, "intent", &out->facts.intent, &out->intent_count);
    if (!out->intent || !inputs)
        return out->intent ? out : NULL;
    if (out->recipe.has_host && !(out->host = read_tree(&r, "host", &out->recipe.host, &out->host_count)))
        return NULL;
    out->inputs = read_tree(&r, "inputs", &out->recipe.inputs, &out->input_count);
    return out->inputs ? out : NULL;
}
