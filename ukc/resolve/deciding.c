/*
 * deciding.c - the values that must be known before anything is chosen: the
 * keys of signatures, one value for the image.  The command line wins over
 * the file, the file over the unikernel's `set`, that over the default.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"
#include "../graph/find.h"
#include "problem.h"

struct deciding *deciding_of(struct problem *p, const struct key *key)
{
    for (size_t i = 0; i < p->deciding_count; i++)
        if (p->deciding[i].key.key == key)
            return &p->deciding[i];
    return NULL;
}

const char *deciding_text(const struct problem *p, const struct key *key)
{
    const struct deciding *d = deciding_of((struct problem *)p, key);
    return d && d->key.value ? d->key.value->text : NULL;
}

static void mark(const struct problem *p, bool *marks, const struct signature *s)
{
    if (s)
        marks[signature_index(p, s)] = true;
}

static void mark_guards(const struct problem *p, bool *marks, const struct hole *h)
{
    for (size_t k = 0; !h->open && k < h->candidate_count; k++)
        for (const struct guard *g = h->candidates[k].guard; g; g = g->outer)
            mark(p, marks, g->selector->signature);
}

/* The signatures that the graph speaks of in any way. */
static const bool *signatures_met(const struct problem *p)
{
    bool *marks = arena_array(p->arena, bool, p->graph->manifest->signature_count);
    for (size_t n = 0; n < p->graph->node_count; n++) {
        const struct node *node = &p->graph->nodes[n];
        for (size_t i = 0; i < node->component->provides_count; i++)
            mark(p, marks, signature_find(p->graph->manifest, node->component->provides[i].text));
        for (size_t i = 0; i < node->component->condition_count; i++)
            mark(p, marks, node->conditions[i].signature);
        for (size_t h = 0; h < node->hole_count; h++) {
            mark(p, marks, node->holes[h].signature);
            mark_guards(p, marks, &node->holes[h]);
        }
    }
    return marks;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(((const struct deciding *)a)->path, ((const struct deciding *)b)->path);
}

static void list_keys(struct problem *p)
{
    const struct manifest *m = p->graph->manifest;
    const bool *met = signatures_met(p);
    VEC(struct deciding) all = {};
    for (size_t i = 0; i < m->signature_count; i++)
        for (size_t k = 0; met[i] && k < m->signatures[i].key_count; k++) {
            const struct key *key = &m->signatures[i].keys[k];
            *vec_add(p->arena, &all) = (struct deciding){
                .signature = &m->signatures[i],
                .path = arena_printf(p->arena, "%s.%s", m->signatures[i].name.text, key->name.text),
                .key = {.key = key, .value = key->defaults[p->target].value, .origin = ORIGIN_DEFAULT, .span = key->defaults[p->target].span},
            };
        }
    if (all.count)
        qsort(all.items, all.count, sizeof *all.items, compare_paths);
    p->deciding = all.items;
    p->deciding_count = all.count;
}

static bool names_key(const struct problem *p, const struct deciding *k, const char *path, enum key_origin origin)
{
    if (!strcmp(k->path, path))
        return true;
    const struct component *root = p->graph->unikernel;
    return origin != ORIGIN_MANIFEST && !strcmp(k->key.key->name.text, path) && !key_find(root->keys, root->key_count, path);
}

/* A setting that names no deciding key is none of our business here: keys.c looks at it. */
static bool apply(struct problem *p, const struct setting *s, enum key_origin origin, struct diag *d)
{
    struct deciding *found = NULL;
    for (size_t i = 0; i < p->deciding_count; i++) {
        if (!names_key(p, &p->deciding[i], s->path.text, origin))
            continue;
        if (found) {
            diag_error(d, s->path.span, "'%s' is a key of several signatures", s->path.text);
            diag_help(d, "write '%s' or '%s'", found->path, p->deciding[i].path);
            return false;
        }
        found = &p->deciding[i];
    }
    if (!found)
        return true;
    const struct key_value *v = key_parse(p->arena, key_named(p->arena, found->key.key, found->path), s->text.text, s->text.span, d);
    if (!v)
        return false;
    found->key = (struct plan_key){.key = found->key.key, .value = v, .origin = origin, .span = s->text.span};
    return true;
}

bool deciding_collect(struct problem *p, struct diag *d)
{
    list_keys(p);
    const struct component *root = p->graph->unikernel;
    const struct resolve_options *o = p->options;
    bool ok = true;
    for (size_t i = 0; i < root->setting_count; i++)
        ok &= apply(p, &root->settings[i], ORIGIN_MANIFEST, d);
    for (size_t i = 0; i < o->file_count; i++)
        ok &= apply(p, &o->file[i], ORIGIN_FILE, d);
    for (size_t i = 0; i < o->command_line_count; i++)
        ok &= apply(p, &o->command_line[i], ORIGIN_COMMAND_LINE, d);
    return ok;
}
