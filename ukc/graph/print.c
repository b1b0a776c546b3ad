/*
 * print.c - labels, and the plan seen from the graph.
 */
#include "print.h"

#include <stdlib.h>
#include <string.h>

#include "../base/text.h"

static void mark_plan(struct printer *p)
{
    for (size_t i = 0; i < p->plan->instance_count; i++) {
        const struct plan_instance *x = &p->plan->instances[i];
        const struct node *n = &p->graph->nodes[x->node.at];
        p->used[n->id.at] = true;
        for (size_t h = 0; h < n->hole_count; h++) {
            uint32_t to = p->plan->instances[x->bindings[h].provider.at].node.at;
            const struct hole *hole = &n->holes[h];
            for (size_t k = 0; k < hole->candidate_count && p->taken[n->id.at][h] == UINT32_MAX; k++)
                if (hole->candidates[k].node.at == to)
                    p->taken[n->id.at][h] = (uint32_t)k;
        }
    }
}

struct printer *printer_create(const struct graph *g, const struct plan *plan)
{
    struct arena *a = arena_create();
    struct printer *p = arena_new(a, struct printer);
    *p = (struct printer){.arena = a, .graph = g, .plan = plan};
    p->labels = arena_array(a, const char *, g->node_count);
    p->places = arena_array(a, const char *, g->node_count);
    p->used = arena_array(a, bool, g->node_count);
    p->taken = arena_array(a, uint32_t *, g->node_count);
    for (size_t i = 0; i < g->node_count; i++) {
        p->labels[i] = graph_node_label(a, g, g->nodes[i].id);
        p->places[i] = graph_node_place(a, g, g->nodes[i].id);
        p->taken[i] = arena_array(a, uint32_t, g->nodes[i].hole_count);
        for (size_t h = 0; h < g->nodes[i].hole_count; h++)
            p->taken[i][h] = UINT32_MAX;
    }
    if (plan)
        mark_plan(p);
    return p;
}

void printer_destroy(struct printer *p)
{
    arena_destroy(p->arena);
}

bool printer_taken(const struct printer *p, const struct node *n, size_t hole, size_t candidate)
{
    return p->taken[n->id.at][hole] == candidate;
}

bool printer_borrowed(const struct printer *p, const struct hole *h, const struct candidate *c)
{
    return h->open && p->graph->nodes[c->node.at].instance;
}

static const char *guard_chain(struct arena *a, const struct guard *g)
{
    const struct choice *match = g->selector->match;
    const char *mine = arena_printf(a, "%s = %s", match->selector.text, match->cases[g->at].value.text);
    return g->outer ? arena_printf(a, "%s, %s", guard_chain(a, g->outer), mine) : mine;
}

const char *printer_guards(struct arena *a, const struct candidate *c)
{
    return c->guard ? guard_chain(a, c->guard) : NULL;
}

static const char *join(struct arena *a, const char *s, const char *separator, const char *more)
{
    return s ? arena_printf(a, "%s%s%s", s, separator, more) : more;
}

const char *printer_limits(struct arena *a, const struct node *n)
{
    const struct component *c = n->component;
    const char *all = NULL, *names = NULL;
    bool every = (c->targets & ((1u << TARGET_COUNT) - 1)) == (1u << TARGET_COUNT) - 1;
    for (int t = 0; t < TARGET_COUNT && !every; t++)
        if (c->targets & 1u << t)
            names = join(a, names, ", ", target_names[t]);
    if (!every)
        all = arena_printf(a, "only for %s", names ? names : "no target");
    for (size_t i = 0; i < c->condition_count; i++) {
        const char *values = NULL;
        for (size_t v = 0; v < c->conditions[i].value_count; v++)
            values = join(a, values, " or ", c->conditions[i].values[v].text);
        all = join(a, all, "; ", arena_printf(a, "needs %s = %s", c->conditions[i].key.text, values ? values : "nothing"));
    }
    for (size_t i = 0; i < c->conflict_count; i++)
        all = join(a, all, "; ", arena_printf(a, "conflicts with %s", c->conflicts[i].text));
    return all;
}
