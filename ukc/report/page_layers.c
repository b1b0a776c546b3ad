/*
 * page_layers.c - see page_layers.h.
 */
#include "page_layers.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

enum { GAP = 22, TRUNK = 10, SWEEPS = 12, MOST_EXCHANGED = 400 /* lines: the work grows with their square */ };

struct placing {
    struct arena *a;
    const struct plan *plan;
    struct layers l;
    uint32_t **trunks; /* by instance, layer: the item; or the instance itself in its own layer */
};

/* ---- what there is to draw ---- */

/* Providers come first in a plan: from its end, every user is seen before what it uses. */
static void find_layers(struct placing *p)
{
    for (size_t k = p->plan->instance_count; k-- > 0;) {
        const struct plan_instance *n = &p->plan->instances[k];
        unsigned below = p->l.items[k].layer + 1;
        for (size_t b = 0; b < n->binding_count; b++) {
            struct layers_item *to = &p->l.items[n->bindings[b].provider.at];
            to->layer = to->layer < below ? below : to->layer;
        }
        if (p->l.layer_count < below)
            p->l.layer_count = below;
    }
}

/* The item by which a line to `instance` goes through `layer`. */
static uint32_t way(struct placing *p, uint32_t instance, unsigned layer)
{
    uint32_t *at = &p->trunks[instance][layer];
    if (*at == UINT32_MAX && layer == p->l.items[instance].layer)
        *at = instance;
    if (*at == UINT32_MAX) {
        *at = (uint32_t)p->l.item_count;
        p->l.items[p->l.item_count++] = (struct layers_item){.instance = instance, .trunk = true, .layer = layer, .width = TRUNK, .arrival = TRUNK / 2};
    }
    return *at;
}

static int by_from(const void *x, const void *y)
{
    const struct layers_line *a = x, *b = y;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->binding < b->binding ? -1 : a->binding > b->binding;
}

static void find_lines(struct placing *p, const struct layers_measures *m)
{
    VEC(struct layers_line) lines = {};
    size_t instances = p->plan->instance_count;
    for (size_t k = 0; k < instances; k++)
        for (size_t b = 0; b < p->plan->instances[k].binding_count; b++)
            *vec_add(p->a, &lines) = (struct layers_line){.from = (uint32_t)k,
                                                          .to = way(p, p->plan->instances[k].bindings[b].provider.at, p->l.items[k].layer + 1),
                                                          .binding = (uint32_t)b,
                                                          .departure = m[k].departures[b]};
    for (size_t k = instances; k < p->l.item_count; k++) /* a trunk's next part may be new, and is then at the end */
        *vec_add(p->a, &lines) = (struct layers_line){.from = (uint32_t)k, .to = way(p, p->l.items[k].instance, p->l.items[k].layer + 1), .departure = TRUNK / 2};
    if (lines.count)
        qsort(lines.items, lines.count, sizeof *lines.items, by_from);
    p->l.lines = lines.items;
    p->l.line_count = lines.count;
}

static void find_items(struct placing *p, const struct layers_measures *m)
{
    size_t n = p->plan->instance_count;
    p->l.items = arena_array(p->a, struct layers_item, n);
    find_layers(p);
    struct layers_item *all = arena_array(p->a, struct layers_item, n * (p->l.layer_count + 1));
    memcpy(all, p->l.items, n * sizeof *all);
    p->l.items = all;
    p->l.item_count = n;
    p->trunks = arena_array(p->a, uint32_t *, n);
    for (size_t k = 0; k < n; k++) {
        all[k].instance = (uint32_t)k;
        all[k].width = m[k].width;
        all[k].arrival = m[k].width / 2;
        p->trunks[k] = arena_array(p->a, uint32_t, p->l.layer_count + 1);
        memset(p->trunks[k], 0xff, (p->l.layer_count + 1) * sizeof **p->trunks);
    }
    find_lines(p, m);
}

/* ---- the order within layers ---- */

static void note_order(struct layers *l, unsigned layer)
{
    for (size_t k = 0; k < l->order_count[layer]; k++)
        l->items[l->order[layer][k]].at = (unsigned)k;
}

static void first_order(struct placing *p)
{
    struct layers *l = &p->l;
    l->order = arena_array(p->a, uint32_t *, l->layer_count);
    l->order_count = arena_array(p->a, size_t, l->layer_count);
    for (unsigned k = 0; k < l->layer_count; k++)
        l->order[k] = arena_array(p->a, uint32_t, l->item_count);
    for (uint32_t k = 0; k < l->item_count; k++)
        l->order[l->items[k].layer][l->order_count[l->items[k].layer]++] = k;
    for (unsigned k = 0; k < l->layer_count; k++)
        note_order(l, k);
}

/* Where on its item, in parts of a thousand, a line leaves: lines from one box have an order too. */
static int64_t upper_end(const struct layers *l, const struct layers_line *x)
{
    const struct layers_item *from = &l->items[x->from];
    return (int64_t)from->at * 1000 + (int64_t)x->departure * 1000 / (from->width + 1);
}

static int64_t lower_end(const struct layers *l, const struct layers_line *x)
{
    return (int64_t)l->items[x->to].at * 1000 + 500;
}

static size_t crossings(const struct layers *l)
{
    size_t n = 0;
    for (size_t x = 0; x < l->line_count; x++)
        for (size_t y = x + 1; y < l->line_count; y++) {
            const struct layers_line *a = &l->lines[x], *b = &l->lines[y];
            if (l->items[a->from].layer == l->items[b->from].layer && a->to != b->to)
                n += (upper_end(l, a) < upper_end(l, b)) != (lower_end(l, a) < lower_end(l, b));
        }
    return n;
}

struct wish {
    uint32_t item;
    unsigned at;
    int64_t where;
};

static int by_wish(const void *x, const void *y)
{
    const struct wish *a = x, *b = y;
    if (a->where != b->where)
        return a->where < b->where ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* Each item of the layer goes to the middle of those that it is tied to above, or below. */
static void order_layer(struct placing *p, unsigned layer, bool above)
{
    struct layers *l = &p->l;
    size_t n = l->order_count[layer];
    struct wish *wishes = arena_array(p->a, struct wish, n);
    for (size_t k = 0; k < n; k++) {
        uint32_t item = l->order[layer][k];
        int64_t sum = 0, count = 0;
        for (size_t x = 0; x < l->line_count; x++)
            if ((above ? l->lines[x].to : l->lines[x].from) == item) {
                sum += above ? upper_end(l, &l->lines[x]) : lower_end(l, &l->lines[x]);
                count++;
            }
        wishes[k] = (struct wish){item, (unsigned)k, count ? sum / count : (int64_t)k * 1000};
    }
    qsort(wishes, n, sizeof *wishes, by_wish);
    for (size_t k = 0; k < n; k++)
        l->order[layer][k] = wishes[k].item;
    note_order(l, layer);
}

/* How many lines of two items of a layer cross, where `left` stands left of `right`. */
static size_t crossings_of(const struct layers *l, uint32_t left, uint32_t right)
{
    size_t n = 0;
    for (size_t x = 0; x < l->line_count; x++)
        for (size_t y = 0; y < l->line_count; y++) {
            const struct layers_line *a = &l->lines[x], *b = &l->lines[y];
            if (a->from == left && b->from == right)
                n += lower_end(l, a) > lower_end(l, b);
            else if (a->to == left && b->to == right)
                n += upper_end(l, a) > upper_end(l, b);
        }
    return n;
}

/* Neighbours change places where that saves crossings, until none does. */
static void exchange(struct layers *l)
{
    bool better = true;
    for (int round = 0; better && round < SWEEPS; round++) {
        better = false;
        for (unsigned layer = 0; layer < l->layer_count; layer++)
            for (size_t k = 0; k + 1 < l->order_count[layer]; k++) {
                uint32_t *at = &l->order[layer][k], left = at[0], right = at[1];
                if (crossings_of(l, left, right) <= crossings_of(l, right, left))
                    continue;
                at[0] = right;
                at[1] = left;
                note_order(l, layer);
                better = true;
            }
    }
}

static void order_layers(struct placing *p)
{
    struct layers *l = &p->l;
    unsigned *best = arena_array(p->a, unsigned, l->item_count);
    size_t least = SIZE_MAX;
    for (int sweep = 0; sweep < SWEEPS && least; sweep++) {
        for (unsigned k = 1; k < l->layer_count; k++)
            order_layer(p, sweep % 2 ? l->layer_count - 1 - k : k, sweep % 2 == 0);
        size_t n = crossings(l);
        if (n >= least)
            continue;
        least = n;
        for (size_t k = 0; k < l->item_count; k++)
            best[k] = l->items[k].at;
    }
    for (uint32_t k = 0; k < l->item_count && least != SIZE_MAX; k++) {
        l->items[k].at = best[k];
        l->order[l->items[k].layer][best[k]] = k;
    }
    if (l->line_count <= MOST_EXCHANGED)
        exchange(l);
}

/* ---- the places ---- */

struct block {
    int64_t sum, weight, count; /* of the wishes; how many items */
};

/*
 * Puts the items of a layer as near to their wishes as their order and widths allow: the least sum of weighted squares, by
 * pooling neighbours that would overlap (isotonic regression on what is left after the widths are taken away).
 */
static void settle(struct placing *p, unsigned layer, const int64_t *wishes, const int64_t *weights)
{
    struct layers *l = &p->l;
    size_t n = l->order_count[layer], blocks = 0;
    struct block *b = arena_array(p->a, struct block, n + 1);
    int64_t before = 0;
    for (size_t k = 0; k < n; k++) {
        b[blocks++] = (struct block){(wishes[k] - before) * weights[k], weights[k], 1};
        before += l->items[l->order[layer][k]].width + GAP;
        while (blocks > 1 && b[blocks - 2].sum * b[blocks - 1].weight > b[blocks - 1].sum * b[blocks - 2].weight) {
            b[blocks - 2].sum += b[blocks - 1].sum;
            b[blocks - 2].weight += b[blocks - 1].weight;
            b[blocks - 2].count += b[blocks - 1].count;
            blocks--;
        }
    }
    before = 0;
    for (size_t k = 0, of = 0, left = n ? (size_t)b[0].count : 0; k < n; k++) {
        struct layers_item *item = &l->items[l->order[layer][k]];
        item->x = (int)(b[of].sum / b[of].weight + before);
        before += item->width + GAP;
        if (--left == 0 && ++of < blocks)
            left = (size_t)b[of].count;
    }
}

static void place_layer(struct placing *p, unsigned layer)
{
    struct layers *l = &p->l;
    size_t n = l->order_count[layer];
    int64_t *wishes = arena_array(p->a, int64_t, n), *weights = arena_array(p->a, int64_t, n);
    for (size_t k = 0; k < n; k++) {
        uint32_t at = l->order[layer][k];
        const struct layers_item *item = &l->items[at];
        int64_t sum = 0, count = 0;
        for (size_t x = 0; x < l->line_count; x++) {
            const struct layers_line *line = &l->lines[x];
            /* that a trunk is straight counts more than that its ends are near */
            int64_t weight = l->items[line->from].trunk && l->items[line->to].trunk ? 8 : 1;
            if (line->to == at)
                sum += weight * (l->items[line->from].x + line->departure - item->arrival), count += weight;
            else if (line->from == at)
                sum += weight * (l->items[line->to].x + l->items[line->to].arrival - line->departure), count += weight;
        }
        wishes[k] = count ? sum / count : item->x;
        weights[k] = count ? count : 1;
    }
    settle(p, layer, wishes, weights);
}

static void place_layers(struct placing *p)
{
    struct layers *l = &p->l;
    for (unsigned layer = 0; layer < l->layer_count; layer++)
        for (size_t k = 0, x = 0; k < l->order_count[layer]; k++) {
            struct layers_item *item = &l->items[l->order[layer][k]];
            item->x = (int)x;
            x += (size_t)item->width + GAP;
        }
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (unsigned k = 0; k < l->layer_count; k++)
            place_layer(p, sweep % 2 ? l->layer_count - 1 - k : k);
    int left = 0;
    for (size_t k = 0; k < l->item_count; k++)
        left = k == 0 || l->items[k].x < left ? l->items[k].x : left;
    for (size_t k = 0; k < l->item_count; k++) {
        l->items[k].x -= left;
        if (l->width < l->items[k].x + l->items[k].width)
            l->width = l->items[k].x + l->items[k].width;
    }
}

const struct layers *layers_place(struct arena *a, const struct plan *plan, const struct layers_measures *m)
{
    struct placing p = {.a = a, .plan = plan};
    find_items(&p, m);
    first_order(&p);
    order_layers(&p);
    place_layers(&p);
    struct layers *l = arena_new(a, struct layers);
    *l = p.l;
    return l;
}
