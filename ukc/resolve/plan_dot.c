/*
 * plan_dot.c - the module graph of an image, for Graphviz: a box for each
 * instance, an edge for each binding, named by its requirement.
 */
#include "plan.h"
#include "../base/text.h"

static void print_quoted(struct text *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            text_putc(out, '\\');
        text_putc(out, *s);
    }
}

static void print_instance(const struct plan_instance *n, struct text *out)
{
    const char *version = n->component->version.text;
    text_printf(out, "  i%u [label=\"", n->id.at);
    print_quoted(out, n->name);
    text_puts(out, "\\n");
    print_quoted(out, n->component->name.text);
    if (version) {
        text_putc(out, ' ');
        print_quoted(out, version);
    }
    text_puts(out, n->component->kind == COMPONENT_UNIKERNEL ? "\", shape=doubleoctagon];\n" : "\"];\n");
}

void plan_print_dot(const struct plan *p, struct text *out)
{
    text_puts(out, "digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
                   "  edge [fontname=\"sans-serif\", fontsize=10];\n");
    for (size_t k = 0; k < p->instance_count; k++)
        print_instance(&p->instances[k], out);
    for (size_t k = 0; k < p->instance_count; k++) {
        const struct plan_instance *n = &p->instances[k];
        for (size_t b = 0; b < n->binding_count; b++) {
            text_printf(out, "  i%u -> i%u [label=\"", n->id.at, n->bindings[b].provider.at);
            print_quoted(out, n->bindings[b].requirement->name.text);
            text_puts(out, "\"];\n");
        }
    }
    text_puts(out, "}\n");
}
