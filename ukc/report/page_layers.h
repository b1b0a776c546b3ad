/*
 * page_layers.h - inside ukc/report: where the instances of a plan stand when they are drawn.
 *
 * Users stand above what they use: an instance's layer is the longest way to it from the unikernel.  What leads to one
 * instance over several layers is gathered in a trunk, an item of each layer between, so that a clock that everybody
 * reads costs one line and not seven.  Layers are then ordered so that few lines cross, and placed so that lines are
 * short (Sugiyama's method; the trunks are its dummy vertices).  All numbers are integers: the same plan gives the
 * same drawing everywhere.
 *
 * Ownership: in the arena.  Units: those of the drawing, at its natural size pixels.
 */
#ifndef UKC_PAGE_LAYERS_H
#define UKC_PAGE_LAYERS_H

#include "../resolve/plan.h"

struct arena;

struct layers_item {
    uint32_t instance; /* of a trunk: to which it leads */
    bool trunk;
    unsigned layer, at; /* its place in the layer's order */
    int x, width;
    int arrival; /* where lines end, from x */
};

struct layers_line {
    uint32_t from, to;     /* items; `to` is one layer below */
    uint32_t binding;      /* of the instance `from` is, for the line that leaves it */
    int departure;         /* from x of `from` */
};

struct layers {
    struct layers_item *items; /* the plan's instances, in its order, then trunks */
    size_t item_count;
    struct layers_line *lines; /* sorted by `from` */
    size_t line_count;
    uint32_t **order; /* by layer: items from left to right */
    size_t *order_count;
    unsigned layer_count;
    int width;
};

/* `width` of an instance's box, and where the line of each of its bindings leaves it. */
struct layers_measures {
    int width;
    const int *departures;
};
[[nodiscard]] const struct layers *layers_place(struct arena *, const struct plan *, const struct layers_measures *);

#endif
