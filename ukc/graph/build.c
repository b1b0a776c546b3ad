/*
 * build.c - graph_build: breadth-first from the unikernel, one node for each
 * component in a context, each requirement with its candidates.
 */
#include <string.h>

#include "../base/text.h"
#include "build.h"

node_id node_add(struct builder *b, const struct component *c, const struct instance_decl *decl)
{
    node_id id = {(uint32_t)b->nodes.count};
    *vec_add(b->arena, &b->nodes) = (struct node){.id = id, .component = c, .instance = decl};
    *vec_add(b->arena, &b->holes) = NULL;
    return id;
}

node_id node_open(struct builder *b, size_t at)
{
    if (b->open[at] == UINT32_MAX)
        b->open[at] = node_add(b, &b->manifest->implementations[at], NULL).at;
    return (node_id){b->open[at]};
}

/* The choice for a requirement: of the declared instance, else of its component. */
static const struct choice *choice_find(const struct builder *b, const struct node *n, const char *requirement)
{
    const struct chosen *lists[] = {n->instance ? n->instance->chosen : NULL, n->component->chosen};
    size_t counts[] = {n->instance ? n->instance->chosen_count : 0, n->component->chosen_count};
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < counts[l]; i++)
            if (lists[l][i].choice != b->without && !strcmp(lists[l][i].requirement.text, requirement))
                return lists[l][i].choice;
    return NULL;
}

static void check_chosen(struct builder *b, const struct component *c, const struct chosen *chosen, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (requirement_find(c, chosen[i].requirement.text))
            continue;
        diag_error(b->diag, chosen[i].requirement.span, "'%s' has no requirement '%s' to choose for", c->name.text,
                   chosen[i].requirement.text);
        const char **names = arena_array(b->arena, const char *, c->requires_count);
        for (size_t r = 0; r < c->requires_count; r++)
            names[r] = c->requires[r].name.text;
        const char *near = string_nearest(chosen[i].requirement.text, names, c->requires_count);
        if (near)
            diag_help(b->diag, "did you mean '%s'?", near);
        else if (!c->requires_count)
            diag_help(b->diag, "'%s' requires nothing", c->name.text);
    }
}

static const char *const *canonical_values(struct builder *b, const struct key *key, const struct word *values, size_t count)
{
    const char **canonical = arena_array(b->arena, const char *, count);
    for (size_t i = 0; i < count; i++) {
        const struct key_value *v = key_parse(b->arena, key, values[i].text, values[i].span, b->diag);
        canonical[i] = v ? v->text : values[i].text;
    }
    return canonical;
}

static const struct node_condition *find_conditions(struct builder *b, const struct component *c)
{
    struct node_condition *conditions = arena_array(b->arena, struct node_condition, c->condition_count);
    for (size_t i = 0; i < c->condition_count; i++) {
        const struct condition *w = &c->conditions[i];
        struct deciding_key k = deciding_find(b->arena, b->manifest, c, w->key, false, b->diag);
        if (!k.key)
            continue;
        conditions[i] = (struct node_condition){
            .signature = k.signature, .key = k.key, .values = canonical_values(b, k.key, w->values, w->value_count)};
    }
    return conditions;
}

static void fill_hole(struct builder *b, uint32_t at, struct hole *h)
{
    h->signature = signature_require(b->arena, b->manifest, h->requirement->signature, b->diag);
    h->choice = choice_find(b, &b->nodes.items[at], h->requirement->name.text);
    h->open = !h->choice;
    if (!h->signature)
        return;
    if (h->open)
        open_candidates(b, h);
    else
        choice_candidates(b, b->nodes.items[at].component, h);
}

static void expand_node(struct builder *b, uint32_t at)
{
    struct node node = b->nodes.items[at];
    const struct component *c = node.component;
    if (!c->targets) {
        diag_error(b->diag, c->target_word_count ? c->target_words[0].span : c->span, "'%s' is for no target", c->name.text);
        diag_help(b->diag, "name at least one in `targets`, or leave the field out: every target");
    }
    check_chosen(b, c, c->chosen, c->chosen_count);
    if (node.instance)
        check_chosen(b, c, node.instance->chosen, node.instance->chosen_count);
    for (size_t i = 0; i < c->provides_count && c->kind == COMPONENT_IMPLEMENTATION; i++)
        (void)signature_require(b->arena, b->manifest, c->provides[i], b->diag);
    struct hole *holes = arena_array(b->arena, struct hole, c->requires_count);
    for (size_t i = 0; i < c->requires_count; i++) {
        holes[i].requirement = &c->requires[i];
        fill_hole(b, at, &holes[i]);
    }
    /* the array of nodes may have moved */
    struct node *n = &b->nodes.items[at];
    n->conditions = find_conditions(b, c);
    n->holes = b->holes.items[at] = holes;
    n->hole_count = c->requires_count;
}

static void check_duplicates(struct builder *b)
{
    const struct manifest *m = b->manifest;
    for (size_t i = 1; i < m->implementation_count; i++) {
        const struct component *x = &m->implementations[i - 1], *y = &m->implementations[i];
        if (strcmp(x->name.text, y->name.text) || !string_equal(x->version.text, y->version.text))
            continue;
        diag_error(b->diag, y->span, "implementation '%s' is declared twice%s", y->name.text,
                   y->version.text ? " with the same version" : "");
        diag_note(b->diag, x->span, "first declared here");
    }
    for (size_t i = 1; i < m->signature_count; i++) {
        const struct signature *x = &m->signatures[i - 1], *y = &m->signatures[i];
        if (strcmp(x->name.text, y->name.text))
            continue;
        diag_error(b->diag, y->span, "signature '%s' is declared twice", y->name.text);
        diag_note(b->diag, x->span, "first declared here");
    }
}

const struct graph *graph_build_without(struct arena *a, const struct manifest *m, const struct component *unikernel,
                                        const struct choice *without, struct diag *d)
{
    size_t errors = diag_errors(d);
    struct builder b = {.arena = a, .manifest = m, .diag = d, .without = without};
    b.open = arena_array(a, uint32_t, m->implementation_count);
    for (size_t i = 0; i < m->implementation_count; i++)
        b.open[i] = UINT32_MAX;
    b.lists = arena_array(a, struct open_list, m->signature_count);
    check_duplicates(&b);
    offers_index(&b);
    node_add(&b, unikernel, NULL);
    for (uint32_t i = 0; i < b.nodes.count; i++)
        expand_node(&b, i);
    open_candidates_declared(&b);
    if (diag_errors(d) > errors)
        return NULL;
    struct graph *g = arena_new(a, struct graph);
    *g = (struct graph){.manifest = m, .unikernel = unikernel, .nodes = b.nodes.items, .node_count = b.nodes.count};
    return g;
}

const struct graph *graph_build(struct arena *a, const struct manifest *m, const struct component *unikernel, struct diag *d)
{
    return graph_build_without(a, m, unikernel, NULL, d);
}
