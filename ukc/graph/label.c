/*
 * label.c - short names of nodes: the implementation's name, with its version
 * where the catalogue has several, with its line where it is declared: "embed@7".
 * For readers the same with the file: "embed (ukc.lua:7)".
 */
#include <string.h>

#include "../base/arena.h"
#include "../base/file.h"
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

static bool alone_on_line(const struct graph *g, const struct node *n)
{
    for (size_t i = 0; i < g->node_count; i++)
        if (g->nodes[i].instance && &g->nodes[i] != n && same_line(&g->nodes[i], n))
            return false;
    return true;
}

const char *graph_node_label(struct arena *a, const struct graph *g, node_id id)
{
    const struct node *n = &g->nodes[id.at];
    const char *base = component_label(a, g, n->component);
    if (!n->instance)
        return base;
    if (alone_on_line(g, n))
        return arena_printf(a, "%s@%u", base, n->instance->span.line);
    return arena_printf(a, "%s@%u#%u", base, n->instance->span.line, n->instance->id);
}

/* The catalogue's files have absolute paths, which differ from machine to machine: their last two parts. */
static const char *source_name(struct arena *a, const struct source *s)
{
    if (!s)
        return "line ";
    const char *path = s->path;
    if (*path == '/')
        path = arena_printf(a, "%s/%s", path_base(path_directory(a, path)), path_base(path));
    return arena_printf(a, "%s:", path);
}

const char *graph_node_place(struct arena *a, const struct graph *g, node_id id)
{
    const struct node *n = &g->nodes[id.at];
    const char *base = component_label(a, g, n->component);
    if (!n->instance)
        return base;
    const char *file = source_name(a, n->instance->span.source);
    if (alone_on_line(g, n))
        return arena_printf(a, "%s (%s%u)", base, file, n->instance->span.line);
    return arena_printf(a, "%s (%s%u, instance %u)", base, file, n->instance->span.line, n->instance->id);
}
