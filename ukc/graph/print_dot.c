/*
 * print_dot.c - the graph for Graphviz: one cluster for each signature, so
 * that alternatives stand side by side; an edge for each requirement and
 * candidate, named by the requirement and the case of a match.
 */
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"
#include "print.h"

static void quote(struct text *out, const char *s)
{
    text_putc(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            text_putc(out, '\\');
        if (*s == '\n')
            text_puts(out, "\\n");
        else
            text_putc(out, *s);
    }
    text_putc(out, '"');
}

static const char *cluster_of(const struct node *n)
{
    return n->component->kind == COMPONENT_UNIKERNEL || !n->component->provides_count ? NULL : n->component->provides[0].text;
}

static void print_node(struct printer *p, const struct node *n, struct text *out)
{
    const char *limits = printer_limits(p->arena, n);
    const char *label = p->places[n->id.at];
    if (limits)
        label = arena_printf(p->arena, "%s\n%s", label, limits);
    text_printf(out, "    n%u [label=", n->id.at);
    quote(out, label);
    if (n->component->kind == COMPONENT_UNIKERNEL)
        text_puts(out, ", shape=doubleoctagon");
    if (n->instance)
        text_puts(out, ", peripheries=2");
    if (p->plan)
        text_puts(out, p->used[n->id.at] ? ", style=\"rounded,filled\", fillcolor=\"#d5e8d4\"" : ", color=gray, fontcolor=gray");
    text_puts(out, "];\n");
}

static void print_edge(struct printer *p, const struct node *n, size_t h, size_t k, struct text *out)
{
    const struct candidate *c = &n->holes[h].candidates[k];
    const char *guards = printer_guards(p->arena, c);
    const char *label = n->holes[h].requirement->name.text;
    if (guards)
        label = arena_printf(p->arena, "%s\n%s", label, guards);
    text_printf(out, "    n%u -> n%u [label=", n->id.at, c->node.at);
    quote(out, label);
    if (n->holes[h].open)
        text_puts(out, printer_borrowed(p, &n->holes[h], c) ? ", style=dotted" : ", style=dashed");
    if (p->plan)
        text_puts(out, p->used[n->id.at] && printer_taken(p, n, h, k) ? ", style=solid, penwidth=2" : ", color=gray, fontcolor=gray");
    text_puts(out, "];\n");
}

static void print_clusters(struct printer *p, struct text *out)
{
    const struct graph *g = p->graph;
    const char **names = arena_array(p->arena, const char *, g->node_count);
    size_t count = 0;
    for (size_t i = 0; i < g->node_count; i++)
        if (cluster_of(&g->nodes[i]))
            names[count++] = cluster_of(&g->nodes[i]);
    if (count)
        qsort(names, count, sizeof *names, string_compare);
    for (size_t i = 0; i < count; i++) {
        if (i && !strcmp(names[i], names[i - 1]))
            continue;
        text_puts(out, "  subgraph ");
        quote(out, arena_printf(p->arena, "cluster_%s", names[i]));
        text_puts(out, " {\n    label=");
        quote(out, arena_printf(p->arena, "sig.%s", names[i]));
        text_puts(out, ";\n    color=lightgray;\n");
        for (size_t n = 0; n < g->node_count; n++)
            if (cluster_of(&g->nodes[n]) && !strcmp(cluster_of(&g->nodes[n]), names[i]))
                print_node(p, &g->nodes[n], out);
        text_puts(out, "  }\n");
    }
}

void graph_print_dot(const struct graph *g, const struct plan *plan, struct text *out)
{
    struct printer *p = printer_create(g, plan);
    text_puts(out, "digraph ");
    quote(out, g->unikernel->name.text);
    text_puts(out, " {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
                   "  edge [fontname=\"sans-serif\", fontsize=10];\n");
    for (size_t i = 0; i < g->node_count; i++)
        if (!cluster_of(&g->nodes[i]))
            print_node(p, &g->nodes[i], out);
    print_clusters(p, out);
    for (size_t i = 0; i < g->node_count; i++)
        for (size_t h = 0; h < g->nodes[i].hole_count; h++)
            for (size_t k = 0; k < g->nodes[i].holes[h].candidate_count; k++)
                print_edge(p, &g->nodes[i], h, k, out);
    text_puts(out, "}\n");
    printer_destroy(p);
}
