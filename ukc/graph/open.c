/*
 * open.c - what an open requirement may take: every implementation of its
 * signature, by preference, name and version, but none that needs a directory; for a shared
 * signature also the declared instances that are elsewhere in the graph.
 *
 * One list serves all open requirements of a signature, so the graph grows
 * with the catalogue, not with its square.
 */
#include <stdlib.h>

#include "build.h"

static size_t index_of(const struct manifest *m, const struct signature *s)
{
    return (size_t)(s - m->signatures);
}

/* The catalogue is sorted by name and version already: a stable merge by preference is what is left. */
static int compare_offers(const void *a, const void *b, void *manifest)
{
    const struct component *all = ((const struct manifest *)manifest)->implementations;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    if (all[x].preference != all[y].preference)
        return all[x].preference > all[y].preference ? -1 : 1;
    return x < y ? -1 : x > y;
}

void offers_index(struct builder *b)
{
    const struct manifest *m = b->manifest;
    for (size_t i = 0; i < m->implementation_count; i++) {
        const struct component *c = &m->implementations[i];
        for (size_t p = 0; p < c->provides_count && !component_only_chosen(c); p++) {
            const struct signature *s = signature_find(m, c->provides[p].text);
            if (s)
                *vec_add(b->arena, &b->lists[index_of(m, s)].offers) = i;
        }
    }
    for (size_t i = 0; i < m->signature_count; i++)
        if (b->lists[i].offers.count > 1)
            qsort_r(b->lists[i].offers.items, b->lists[i].offers.count, sizeof(size_t), compare_offers, (void *)m);
}

void open_candidates(struct builder *b, struct hole *h)
{
    struct open_list *l = &b->lists[index_of(b->manifest, h->signature)];
    for (size_t i = 0; !l->met && i < l->offers.count; i++) {
        size_t at = l->offers.items[i];
        if (i && at == l->offers.items[i - 1])
            continue; /* provides the signature twice over */
        struct candidate c = {.node = node_open(b, at), .span = b->manifest->implementations[at].span};
        *vec_add(b->arena, &l->list) = c;
    }
    l->met = true;
    h->candidates = l->list.items;
    h->candidate_count = l->list.count;
}

static void add_declared(struct builder *b, const struct node *n)
{
    for (size_t p = 0; p < n->component->provides_count; p++) {
        const struct signature *s = signature_find(b->manifest, n->component->provides[p].text);
        if (!s || !s->shared)
            continue;
        struct candidate c = {.node = n->id, .span = n->instance->span};
        *vec_add(b->arena, &b->lists[index_of(b->manifest, s)].list) = c;
    }
}

void open_candidates_declared(struct builder *b)
{
    for (size_t i = 0; i < b->nodes.count; i++)
        if (b->nodes.items[i].instance)
            add_declared(b, &b->nodes.items[i]);
    for (size_t i = 0; i < b->nodes.count; i++)
        for (size_t h = 0; h < b->nodes.items[i].hole_count; h++) {
            struct hole *hole = &b->holes.items[i][h];
            if (!hole->open || !hole->signature)
                continue;
            const struct open_list *l = &b->lists[index_of(b->manifest, hole->signature)];
            hole->candidates = l->list.items;
            hole->candidate_count = l->list.count;
        }
}
