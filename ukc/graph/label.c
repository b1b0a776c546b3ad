/*
 * label.c - short names of nodes: the implementation's name, with its version
 * where the catalogue has several, with its line where it is declared.
 */
#include <string.h>

#include "../base/arena.h"
#include "find.h"

static const char *component_label(struct arena *a, const struct graph *g, const struct component *c)
{
    if (c->kind == COMPONENT_UNIKERNEL || versions_find(g->manifest, c->name.text).count < 2)
        return c->name.text;
    return arena_printf(a, "%s-%s", c->name.text, c->version.text ? c->version.text : "");
}

static bool same_line(const struct node *x, const struct node *y)
{
    return x->component == y->component && x->instance->span.line == y->instance->span.line;
}

const char *graph_node_label(struct arena *a, const struct graph *g, node_id id)
{
    const struct node *n = &g->nodes[id.at];
    const char *base = component_label(a, g, n->component);
    if (!n->instance)
        return base;
    bool alone = true;
    for (size_t i = 0; i < g->node_count; i++)
        if (g->nodes[i].instance && i != id.at && same_line(&g->nodes[i], n))
            alone = false;
    if (alone)
        return arena_printf(a, "%s@%u", base, n->instance->span.line);
    return arena_printf(a, "%s@%u#%u", base, n->instance->span.line, n->instance->id);
}
