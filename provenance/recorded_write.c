/*
 * recorded_write.c - a build becomes a tree of the store's repository; see recorded.h.
 */
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "gitoid.h"
#include "note.h"
#include "recorded.h"

struct writer {
    struct arena *a;
    struct objects *objects;
    const char *store;
    struct diag *d;
};

/* A tree, with its SHA-256 id, and its place in the record's tree: `path` ends with a slash. */
static bool write_tree(struct writer *w, const char *path, const struct object_source *sources, size_t count, struct hash *id,
                       struct object_source *place)
{
    struct hash *blobs = arena_array(w->a, struct hash, count);
    char *tree = arena_alloc(w->a, OBJECT_HEX, 1);
    if (!objects_write_tree(w->objects, sources, count, tree, blobs, w->d))
        return false;
    struct gitoid_file *files = arena_array(w->a, struct gitoid_file, count);
    for (size_t i = 0; i < count; i++)
        files[i] = (struct gitoid_file){.path = sources[i].path, .blob = blobs[i]};
    *id = gitoid_tree(files, count);
    *place = (struct object_source){.path = path, .tree = tree};
    return true;
}

const struct object_source *recorded_group_sources(struct arena *a, const struct recorded_group *groups, size_t count, bool outputs)
{
    struct object_source *sources = arena_array(a, struct object_source, count);
    for (size_t i = 0; i < count; i++) {
        const struct recorded_group *g = &groups[i];
        struct text t = {};
        if (outputs)
            action_outputs_text(g->outputs, g->output_count, &t);
        else
            action_group_text(&g->actions, &t);
        sources[i] = (struct object_source){.path = g->actions.name, .bytes = text_keep(&t, a), .size = t.size};
        text_dispose(&t);
    }
    return sources;
}

/* Inputs that are too large leave the tree for the recipe, and go beside the repository. */
static bool part_inputs(struct writer *w, const struct recording *r, struct object_source *kept, size_t *count, struct recipe *recipe)
{
    VEC(struct large_input) large = {};
    *count = 0;
    for (size_t i = 0; i < r->input_count; i++) {
        struct file_stat now = {};
        struct large_input x = {.path = r->inputs[i].path};
        if (!r->inputs[i].file || !file_stat(r->inputs[i].file, &now) || now.size <= LARGE_INPUT) {
            kept[(*count)++] = r->inputs[i];
            continue;
        }
        if (!hash_file(r->inputs[i].file, &x.sha256, &x.size, w->d) || !blob_keep(w->store, r->inputs[i].file, &x.sha256, w->d))
            return false;
        *vec_add(w->a, &large) = x;
    }
    recipe->large = large.items;
    recipe->large_count = large.count;
    return true;
}

static void put_text(struct writer *w, const char *path, struct text *t, struct hash *id, struct object_source *place)
{
    *id = gitoid_blob(t->bytes, t->size);
    *place = (struct object_source){.path = path, .bytes = text_keep(t, w->a), .size = t->size};
    text_dispose(t);
}

/* Only now is it known what the note says. */
static bool finish_image(struct writer *w, const struct recording *r, struct record_facts *facts)
{
    return !r->recipe.note || !r->noted ||
           (note_fill(w->a, r->noted, &facts->recipe, w->d) && hash_file(r->noted, &facts->image, &facts->image_bytes, w->d));
}

bool recorded_write(struct objects *o, const char *store, const struct recording *r, char tree[OBJECT_HEX], struct record_facts *out,
                    struct hash *record_id, struct diag *d)
{
    struct arena *a = arena_create();
    struct writer w = {a, o, store, d};
    struct object_source *inputs = arena_array(a, struct object_source, r->input_count);
    struct object_source parts[8]; /* sorted by path, as far as they are there */
    size_t n = 0;
    struct recipe recipe = r->recipe;
    struct record_facts facts = {.image = r->image_sha256, .image_bytes = r->image_bytes};
    size_t input_count;
    bool good = part_inputs(&w, r, inputs, &input_count, &recipe) &&
                write_tree(&w, "actions/", recorded_group_sources(w.a, r->groups, r->group_count, false), r->group_count, &recipe.actions, &parts[n++]) &&
                (!r->host_count || write_tree(&w, "host/", r->host, r->host_count, &recipe.host, &parts[n++])) &&
                write_tree(&w, "inputs/", inputs, input_count, &recipe.inputs, &parts[n++]) &&
                write_tree(&w, "intent/", r->intent, r->intent_count, &facts.intent, &parts[n++]) &&
                write_tree(&w, "outputs/", recorded_group_sources(w.a, r->groups, r->group_count, true), r->group_count, &facts.outputs, &parts[n++]);
    recipe.has_host = r->host_count != 0;
    if (good) {
        struct text text = {}, tools = {};
        text_puts(&tools, r->tools);
        struct object_source tools_part;
        put_text(&w, "tools", &tools, &recipe.tools, &tools_part);
        recipe_text(&recipe, &text);
        put_text(&w, "recipe", &text, &facts.recipe, &parts[n++]);
        good = finish_image(&w, r, &facts);
        record_facts_text(&facts, &text);
        put_text(&w, "record", &text, record_id, &parts[n++]);
        parts[n++] = tools_part;
        good = good && objects_write_tree(o, parts, n, tree, NULL, d);
    }
    *out = facts;
    arena_destroy(a);
    return good;
}
