/*
 * own.c - a component's own key that a match of its choices asks for.  Its
 * final value is known only with the plan (settings go by path), so a first
 * guess is made from the graph; resolve() repeats while the plan disagrees.
 */
#include <string.h>

#include "../base/text.h"
#include "path.h"

const char *selector_text(const struct problem *p, node_id node, const struct selector *s)
{
    if (!s->key)
        return target_names[p->target];
    if (s->signature)
        return deciding_text(p, s->key);
    for (size_t i = 0; i < p->own.count; i++)
        if (p->own.items[i].node.at == node.at && p->own.items[i].key == s->key)
            return p->own.items[i].value.value ? p->own.items[i].value.value->text : NULL;
    return NULL;
}

struct guess {
    struct problem *p;
    struct own_value *value;
    struct diag *diag;
    bool ok;
};

static void apply(struct guess *g, const struct setting *s, uint32_t from, enum key_origin origin)
{
    struct steps steps = steps_split(g->p->arena, s->path.text);
    if (strcmp(steps.key, g->value->key->name.text))
        return;
    /* "port" is the unikernel's own key when it has one */
    bool exact = !steps.count && from == ABSENT && g->value->node.at == 0;
    if (!exact && !steps_may_reach(g->p, from, steps, g->value->node.at))
        return;
    const struct key_value *v = key_parse(g->p->arena, g->value->key, s->text.text, s->text.span, g->diag);
    if (v)
        g->value->value = (struct plan_key){.key = g->value->key, .value = v, .origin = origin, .span = s->text.span};
    g->ok &= !!v;
}

static bool guess_value(struct problem *p, struct own_value *v, struct diag *d)
{
    struct guess g = {.p = p, .value = v, .diag = d, .ok = true};
    const struct node *n = &p->graph->nodes[v->node.at];
    for (size_t i = 0; n->instance && i < n->instance->setting_count; i++)
        apply(&g, &n->instance->settings[i], v->node.at, ORIGIN_MANIFEST);
    for (size_t i = 0; i < p->graph->unikernel->setting_count; i++)
        apply(&g, &p->graph->unikernel->settings[i], 0, ORIGIN_MANIFEST);
    /* last resort, deepest first: what the components between set */
    for (size_t i = p->graph->node_count; !v->value.value && i-- > 1;)
        for (size_t k = 0; k < p->graph->nodes[i].component->setting_count; k++)
            apply(&g, &p->graph->nodes[i].component->settings[k], (uint32_t)i, ORIGIN_MANIFEST);
    for (size_t i = 0; i < p->options->file_count; i++)
        apply(&g, &p->options->file[i], ABSENT, ORIGIN_FILE);
    for (size_t i = 0; i < p->options->command_line_count; i++)
        apply(&g, &p->options->command_line[i], ABSENT, ORIGIN_COMMAND_LINE);
    return g.ok;
}

static bool add(struct problem *p, node_id node, const struct key *key, struct diag *d)
{
    for (size_t i = 0; i < p->own.count; i++)
        if (p->own.items[i].node.at == node.at && p->own.items[i].key == key)
            return true;
    struct own_value *v = vec_add(p->arena, &p->own);
    *v = (struct own_value){.node = node, .key = key,
                            .value = {.key = key, .value = key->defaults[p->target].value, .origin = ORIGIN_DEFAULT, .span = key->defaults[p->target].span}};
    return guess_value(p, v, d);
}

bool own_collect(struct problem *p, struct diag *d)
{
    bool ok = true;
    for (uint32_t h = 0; h < p->hole_count; h++) {
        const struct hole *hole = problem_hole(p, h);
        for (size_t k = 0; !hole->open && k < hole->candidate_count; k++)
            for (const struct guard *g = hole->candidates[k].guard; g; g = g->outer)
                if (g->selector->key && !g->selector->signature)
                    ok &= add(p, (node_id){p->hole_node[h]}, g->selector->key, d);
    }
    return ok;
}
