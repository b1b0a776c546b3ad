/*
 * page_graph.c - the module graph, drawn: a box for each instance with its implementation and, at its foot, its
 * requirements, from each of which a line leads to the instance that was chosen.
 */
#include "page_inside.h"
#include "page_layers.h"
#include "../base/arena.h"

enum { MARGIN = 8, LETTER = 7, BOX = 62, FOOT = 20, BETWEEN = 40, PORT_PAD = 10 };

struct drawing {
    struct page *p;
    const struct layers *layers;
    const struct layers_measures *measures;
};

static const char *subtitle(struct page *p, const struct plan_instance *n)
{
    const struct component *c = n->component;
    return c->version.text ? arena_printf(p->a, "%s %s", c->name.text, c->version.text) : c->name.text;
}

static const char *third_line(struct page *p, const struct plan_instance *n)
{
    const struct component *c = n->component;
    if (c->kind == COMPONENT_UNIKERNEL || c->provides_count == 0)
        return "the unikernel";
    return c->provides_count == 1 ? arena_printf(p->a, "is %s", c->provides[0].text) : arena_printf(p->a, "is %s, %s", c->provides[0].text, c->provides[1].text);
}

static int widest(int a, int b, int c)
{
    a = a > b ? a : b;
    return a > c ? a : c;
}

static int port_width(const struct plan_binding *b)
{
    return (int)html_width(b->requirement->name.text) * LETTER + PORT_PAD;
}

static struct layers_measures measure(struct page *p, const struct plan_instance *n)
{
    int width = widest((int)html_width(n->name) * (LETTER + 1), (int)html_width(subtitle(p, n)) * LETTER, (int)html_width(third_line(p, n)) * LETTER);
    int *departures = arena_array(p->a, int, n->binding_count + 1), ports = 0;
    width += 2 * PORT_PAD;
    for (size_t b = 0; b < n->binding_count; b++)
        ports += port_width(&n->bindings[b]);
    int spare = ports < width && n->binding_count ? (width - ports) / (int)n->binding_count : 0;
    int x = 0;
    for (size_t b = 0; b < n->binding_count; b++) {
        departures[b] = x + (port_width(&n->bindings[b]) + spare) / 2;
        x += port_width(&n->bindings[b]) + spare;
    }
    return (struct layers_measures){x > width ? x : width, departures};
}

static int top(unsigned layer)
{
    return MARGIN + (int)layer * (BOX + FOOT + BETWEEN);
}

/* ---- lines ---- */

static void put_line(struct drawing *d, const struct layers_line *line)
{
    const struct layers_item *from = &d->layers->items[line->from], *to = &d->layers->items[line->to];
    int x1 = MARGIN + from->x + line->departure, x2 = MARGIN + to->x + to->arrival;
    /* a trunk is as high as a box, so that lines meet at the same heights */
    int y1 = top(from->layer) + BOX + FOOT, y2 = top(to->layer);
    const char *arrow = to->trunk ? "" : " marker-end=\"url(#arrow)\"";
    html(d->p->out, "<path class=\"line\" data-to=\"%u\" data-layer=\"%u\"", to->instance, from->layer);
    if (!from->trunk)
        html(d->p->out, " data-from=\"%u\"", from->instance);
    text_puts(d->p->out, arrow);
    html(d->p->out, " d=\"M%d %d", x1, y1);
    if (x1 == x2)
        html(d->p->out, "V%d", y2);
    else
        html(d->p->out, "C%d %d %d %d %d %d", x1, (y1 + y2) / 2, x2, (y1 + y2) / 2, x2, y2);
    if (to->trunk)
        html(d->p->out, "V%d", y2 + BOX + FOOT);
    html(d->p->out, "\"/>\n");
}

/* ---- boxes ---- */

static void put_port(struct drawing *d, const struct plan_instance *n, size_t b, int left, int width, int y)
{
    struct page *p = d->p;
    const struct plan_binding *binding = &n->bindings[b];
    const struct plan_instance *to = &p->plan->instances[binding->provider.at];
    html(p->out, "<g><title>%s: sig.%s = %s [%s] (%s)", binding->requirement->name.text, binding->signature->name.text, to->name, to->component->name.text,
         page_reason(binding->reason));
    for (size_t k = 0; k < binding->rejected_count; k++)
        html(p->out, "\nnot %s: %s", binding->rejected[k].component->name.text, binding->rejected[k].why);
    html(p->out, "</title>");
    if (b)
        html(p->out, "<path class=\"rule\" d=\"M%d %dv%d\"/>", left, y, FOOT);
    html(p->out, "<text class=\"port\" x=\"%d\" y=\"%d\">%s</text></g>\n", left + width / 2, y + 14, binding->requirement->name.text);
}

static void put_ports(struct drawing *d, const struct plan_instance *n, int x, int y)
{
    const struct layers_measures *m = &d->measures[n->id.at];
    html(d->p->out, "<path class=\"rule\" d=\"M%d %dh%d\"/>\n", x, y, m->width);
    for (size_t b = 0, left = 0; b < n->binding_count; b++) {
        size_t right = b + 1 < n->binding_count ? 2 * (size_t)m->departures[b] - left : (size_t)m->width;
        put_port(d, n, b, x + (int)left, (int)(right - left), y);
        left = right;
    }
}

static const char *kind_of(const struct plan_instance *n)
{
    if (n->component->kind == COMPONENT_UNIKERNEL)
        return "root";
    return n->component->in_tree ? "own" : "yours";
}

static void put_box(struct drawing *d, const struct layers_item *item)
{
    struct page *p = d->p;
    const struct plan_instance *n = &p->plan->instances[item->instance];
    int x = MARGIN + item->x, y = top(item->layer), height = BOX + (n->binding_count ? FOOT : 0);
    html(p->out, "<g class=\"box %s\" data-box=\"%u\"><a href=\"#i%u\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", kind_of(n), n->id.at, n->id.at, x, y,
         item->width, height);
    html(p->out, "<text class=\"name\" x=\"%d\" y=\"%d\">%s</text><text x=\"%d\" y=\"%d\">%s</text>", x + PORT_PAD, y + 19, n->name, x + PORT_PAD, y + 36, subtitle(p, n));
    html(p->out, "<text class=\"sig\" x=\"%d\" y=\"%d\">%s</text></a>\n", x + PORT_PAD, y + 52, third_line(p, n));
    if (n->binding_count)
        put_ports(d, n, x, y + BOX);
    html(p->out, "</g>\n");
}

void page_graph(struct page *p)
{
    size_t n = p->plan->instance_count;
    struct layers_measures *m = arena_array(p->a, struct layers_measures, n);
    for (size_t k = 0; k < n; k++)
        m[k] = measure(p, &p->plan->instances[k]);
    struct drawing d = {.p = p, .layers = layers_place(p->a, p->plan, m), .measures = m};
    int width = d.layers->width + 2 * MARGIN, height = top(d.layers->layer_count) - BETWEEN + MARGIN;
    html(p->out, "<section id=\"graph\" aria-labelledby=\"graph-h\">\n<h2 id=\"graph-h\">Graph</h2>\n"
                 "<p>Each box is an instance: its name, the implementation that was chosen, the signature that it is. At its foot are its requirements, "
                 "with a line from each to what was chosen for it. <a href=\"#instances\">Instances</a> says the same in words, with what was not chosen and why.</p>\n"
                 "<div class=\"wide drawing\" tabindex=\"0\" role=\"region\" aria-label=\"Drawing of the graph\">\n"
                 "<svg id=\"graph-svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"group\" aria-label=\"Instances and what they require\">\n"
                 "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
         width, height, width, height);
    for (size_t k = 0; k < d.layers->line_count; k++)
        put_line(&d, &d.layers->lines[k]);
    for (unsigned layer = 0; layer < d.layers->layer_count; layer++)
        for (size_t k = 0; k < d.layers->order_count[layer]; k++)
            if (!d.layers->items[d.layers->order[layer][k]].trunk)
                put_box(&d, &d.layers->items[d.layers->order[layer][k]]);
    html(p->out, "</svg>\n</div>\n</section>\n");
}
