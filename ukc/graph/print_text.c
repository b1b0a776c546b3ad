/*
 * print_text.c - the graph as a tree: each node is opened where it is first
 * met, and named afterwards.  With a plan, '*' marks what it took.
 *
 *     homepage
 *     +- pages: sig.kv_ro, chosen
 *     |  +- * embed (ukc.lua:2)   where target = posix
 *     |  `-   kv_block   where target = default
 *     `- clock: sig.clock, shared
 *        `- * clock_posix   only for posix
 */
#include "../base/text.h"
#include "print.h"

struct tree {
    struct printer *p;
    struct text *out;
    struct text indent; /* of the current line's children */
    bool *opened;       /* by node */
};

/* One pending line: a hole of a node, or a candidate of a hole. */
struct frame {
    const struct node *node;
    size_t hole, candidate;
    bool in_hole;
    size_t indent;
};

static void branch(struct tree *t, bool last)
{
    text_puts(t->out, text_string(&t->indent));
    text_puts(t->out, last ? "`- " : "+- ");
    text_puts(&t->indent, last ? "   " : "|  ");
}

static void print_hole(struct tree *t, const struct node *n, size_t h)
{
    const struct hole *hole = &n->holes[h];
    branch(t, h + 1 == n->hole_count);
    text_printf(t->out, "%s: sig.%s", hole->requirement->name.text, hole->signature->name.text);
    if (hole->requirement->version.text)
        text_printf(t->out, " %s", hole->requirement->version.text);
    if (!hole->open)
        text_puts(t->out, ", chosen");
    if (hole->signature->shared)
        text_puts(t->out, ", shared");
    if (hole->signature->exclusive)
        text_puts(t->out, ", exclusive");
    if (!hole->candidate_count)
        text_puts(t->out, ": nothing provides it");
    text_putc(t->out, '\n');
}

static void print_candidate(struct tree *t, const struct node *n, size_t h, size_t k)
{
    const struct hole *hole = &n->holes[h];
    const struct candidate *c = &hole->candidates[k];
    const struct node *to = &t->p->graph->nodes[c->node.at];
    branch(t, k + 1 == hole->candidate_count);
    if (t->p->plan)
        text_puts(t->out, printer_taken(t->p, n, h, k) ? "* " : "  ");
    text_puts(t->out, t->p->places[c->node.at]);
    const char *guards = printer_guards(t->p->arena, c), *limits = printer_limits(t->p->arena, to);
    if (guards)
        text_printf(t->out, "  where %s", guards);
    if (limits)
        text_printf(t->out, "  %s", limits);
    if (printer_borrowed(t->p, hole, c))
        text_puts(t->out, "  if it is chosen elsewhere");
    else if (t->opened[c->node.at] && to->hole_count)
        text_puts(t->out, "  (see above)");
    text_putc(t->out, '\n');
}

static void cut_indent(struct tree *t, size_t size)
{
    t->indent.size = size;
    if (t->indent.bytes)
        t->indent.bytes[size] = 0;
}

/* Without recursion: graphs may be deeper than stacks. */
static void print_tree(struct tree *t)
{
    VEC(struct frame) stack = {};
    t->opened[0] = true;
    *vec_add(t->p->arena, &stack) = (struct frame){.node = &t->p->graph->nodes[0]};
    while (stack.count) {
        struct frame *f = &stack.items[stack.count - 1];
        if (!f->in_hole && f->hole == f->node->hole_count) {
            stack.count--;
            continue;
        }
        if (!f->in_hole) {
            cut_indent(t, f->indent);
            print_hole(t, f->node, f->hole);
            f->in_hole = true;
            f->candidate = 0;
        }
        if (f->candidate == f->node->holes[f->hole].candidate_count) {
            f->in_hole = false;
            f->hole++;
            continue;
        }
        cut_indent(t, f->indent + 3);
        size_t k = f->candidate++;
        const struct hole *hole = &f->node->holes[f->hole];
        print_candidate(t, f->node, f->hole, k);
        uint32_t to = hole->candidates[k].node.at;
        if (t->opened[to] || printer_borrowed(t->p, hole, &hole->candidates[k]))
            continue;
        t->opened[to] = true;
        size_t indent = t->indent.size;
        *vec_add(t->p->arena, &stack) = (struct frame){.node = &t->p->graph->nodes[to], .indent = indent};
    }
}

void graph_print_text(const struct graph *g, const struct plan *plan, struct text *out)
{
    struct tree t = {.p = printer_create(g, plan), .out = out};
    t.opened = arena_array(t.p->arena, bool, g->node_count);
    text_printf(out, "%s\n", t.p->places[0]);
    print_tree(&t);
    text_dispose(&t.indent);
    printer_destroy(t.p);
}
