/*
 * brute.h - the resolver's rules once more, by trying everything: what
 * resolve() must find in small worlds.  Shares no code with it but the graph.
 */
#ifndef UKC_TEST_BRUTE_H
#define UKC_TEST_BRUTE_H

#include "world.h"

#include "../../ukc/graph/find.h"
#include "../../ukc/resolve/explain.h"

#define BRUTE_STEPS 20000
#define OPEN UINT32_MAX         /* not decided yet */
#define LEFT (UINT32_MAX - 1)   /* a requirement that is not said, left empty */

struct brute {
    const struct problem *p; /* for values and hole numbers only */
    const struct conflict_set *said; /* only these facts hold; NULL: all do */
    size_t without;                  /* but this one does not */
    uint32_t *taken;                 /* by hole */
    size_t steps;
};

static inline const struct hole *brute_hole(const struct brute *b, uint32_t h)
{
    return problem_hole(b->p, h);
}

static inline bool brute_said(const struct brute *b, enum fact_kind kind, const void *what, uint32_t at)
{
    if (!b->said)
        return true;
    for (size_t i = 0; i < b->said->count; i++) {
        const struct fact *f = &b->said->facts[i];
        if (i == b->without || f->kind != kind)
            continue;
        const struct component *c = b->p->graph->nodes[f->node.at].component;
        bool same = false;
        switch (kind) {
        case FACT_REQUIRES:
        case FACT_LOCK:
            same = f->hole == at;
            break;
        case FACT_VERSION:
            same = what == &brute_hole(b, f->hole)->candidates[f->at] && f->hole == at;
            break;
        case FACT_TARGET:
            same = c == what;
            break;
        case FACT_CONDITION:
        case FACT_CONFLICT:
            same = c == what && f->at == at;
            break;
        case FACT_EXCLUSIVE:
        case FACT_SHARED:
            same = f->signature == what;
            break;
        case FACT_CYCLE:
        case FACT_BACKGROUND:
            break;
        }
        if (same)
            return true;
    }
    return false;
}

static inline bool brute_node_fits(const struct brute *b, uint32_t n)
{
    const struct component *c = b->p->graph->nodes[n].component;
    if (!(c->targets & 1u << b->p->target) && brute_said(b, FACT_TARGET, c, 0))
        return false;
    for (uint32_t i = 0; i < c->condition_count; i++) {
        const char *is = deciding_text(b->p, b->p->graph->nodes[n].conditions[i].key);
        bool met = false;
        for (size_t v = 0; v < c->conditions[i].value_count; v++)
            met |= is && !strcmp(c->conditions[i].values[v].text, is);
        if (!met && brute_said(b, FACT_CONDITION, c, i))
            return false;
    }
    return true;
}

static inline bool brute_fits(const struct brute *b, uint32_t h, uint32_t k)
{
    const struct candidate *c = &brute_hole(b, h)->candidates[k];
    const struct component *x = b->p->graph->nodes[c->node.at].component;
    const char *range = brute_hole(b, h)->requirement->version.text;
    if (!candidate_guarded_in(b->p, h, c))
        return false;
    if (range && !version_in_range(x->version.text, range) && brute_said(b, FACT_VERSION, c, h))
        return false;
    if (b->p->use_lock && b->p->lock_line[h] && brute_said(b, FACT_LOCK, NULL, h) &&
        (strcmp(b->p->lock_line[h]->implementation, x->name.text) || strcmp(b->p->lock_line[h]->version, x->version.text)))
        return false;
    return brute_node_fits(b, c->node.at);
}

struct brute_view {
    bool reached[64], named[64];
    uint32_t queue[64];
    size_t count;
    uint32_t next; /* the hole to decide, or OPEN */
};

static inline void brute_reach(const struct brute *b, struct brute_view *v, uint32_t h)
{
    if (b->taken[h] >= LEFT)
        return;
    uint32_t n = brute_hole(b, h)->candidates[b->taken[h]].node.at;
    if (!brute_hole(b, h)->open)
        v->named[n] = true;
    if (!v->reached[n]) {
        v->reached[n] = true;
        v->queue[v->count++] = n;
    }
}

/* Replays the order of decisions: breadth-first, open requirements of shared signatures when nothing else is left. */
static inline struct brute_view brute_view(const struct brute *b)
{
    struct brute_view v = {.next = OPEN, .count = 1};
    v.reached[0] = true;
    uint32_t waiting[256];
    size_t waits = 0, served = 0;
    for (size_t q = 0;;) {
        if (q < v.count) {
            uint32_t n = v.queue[q++];
            for (uint32_t h = b->p->hole_first[n]; h < b->p->hole_first[n + 1]; h++) {
                if (brute_hole(b, h)->open && brute_hole(b, h)->signature->shared) {
                    waiting[waits++] = h;
                    continue;
                }
                if (b->taken[h] == OPEN) {
                    v.next = h;
                    return v;
                }
                brute_reach(b, &v, h);
            }
            continue;
        }
        if (served == waits)
            return v;
        uint32_t h = waiting[served++];
        if (b->taken[h] == OPEN) {
            v.next = h;
            return v;
        }
        brute_reach(b, &v, h);
    }
}

static inline bool brute_depends(const struct brute *b, uint32_t from, uint32_t to, int depth)
{
    for (uint32_t h = b->p->hole_first[from]; h < b->p->hole_first[from + 1]; h++) {
        if (b->taken[h] >= LEFT)
            continue;
        uint32_t n = brute_hole(b, h)->candidates[b->taken[h]].node.at;
        if (n == to || (depth && brute_depends(b, n, to, depth - 1)))
            return true;
    }
    return false;
}

/* "name" or "name < 2" */
static inline bool brute_excludes(const char *text, const struct component *c)
{
    size_t n = strcspn(text, " ");
    return strlen(c->name.text) == n && !memcmp(text, c->name.text, n) &&
           (!text[n] || version_in_range(c->version.text, text + n + 1));
}

static inline bool brute_pair_fits(const struct brute *b, uint32_t x, uint32_t y)
{
    const struct graph *g = b->p->graph;
    const struct component *c = g->nodes[x].component, *other = g->nodes[y].component;
    if (g->nodes[x].instance && g->nodes[x].instance == g->nodes[y].instance && x != y)
        return false;
    if (c == other)
        return true;
    for (uint32_t i = 0; i < c->conflict_count; i++)
        if (brute_excludes(c->conflicts[i].text, other) && brute_said(b, FACT_CONFLICT, c, i))
            return false;
    for (size_t i = 0; i < c->provides_count; i++) {
        const struct signature *s = signature_find(g->manifest, c->provides[i].text);
        if (s->exclusive && component_provides(other, s->name.text) && brute_said(b, FACT_EXCLUSIVE, s, 0))
            return false;
    }
    return true;
}

/* What no further decision can mend. */
static inline bool brute_consistent(const struct brute *b, const struct brute_view *v)
{
    const struct graph *g = b->p->graph;
    for (uint32_t x = 0; x < g->node_count; x++) {
        if (!v->reached[x])
            continue;
        if (brute_depends(b, x, x, 16))
            return false;
        for (uint32_t y = 0; y < g->node_count; y++)
            if (v->reached[y] && !brute_pair_fits(b, x, y))
                return false;
    }
    return true;
}

/* A borrowed instance is brought in by an explicit choice. */
static inline bool brute_founded(const struct brute *b, const struct brute_view *v)
{
    const struct graph *g = b->p->graph;
    for (uint32_t h = 0; h < b->p->hole_count; h++) {
        const struct hole *hole = brute_hole(b, h);
        if (!v->reached[b->p->hole_node[h]] || b->taken[h] >= LEFT)
            continue;
        uint32_t n = hole->candidates[b->taken[h]].node.at;
        if (hole->open && g->nodes[n].instance && !v->named[n])
            return false;
    }
    return true;
}

static inline bool brute_agrees(const struct brute *b, const struct brute_view *v, uint32_t h, uint32_t k)
{
    const struct hole *hole = brute_hole(b, h);
    for (uint32_t x = 0; hole->open && hole->signature->shared && x < b->p->hole_count; x++) {
        const struct hole *other = brute_hole(b, x);
        if (x != h && other->open && other->signature == hole->signature && v->reached[b->p->hole_node[x]] &&
            b->taken[x] < LEFT && b->taken[x] != k && brute_said(b, FACT_SHARED, hole->signature, 0))
            return false;
    }
    return true;
}

static inline bool brute_complete(struct brute *b)
{
    if (++b->steps > BRUTE_STEPS)
        return false;
    struct brute_view v = brute_view(b);
    if (!brute_consistent(b, &v))
        return false;
    if (v.next == OPEN)
        return brute_founded(b, &v);
    const struct hole *hole = brute_hole(b, v.next);
    if (!brute_said(b, FACT_REQUIRES, NULL, v.next)) {
        b->taken[v.next] = LEFT;
        if (brute_complete(b))
            return true;
    }
    bool shared = hole->open && hole->signature->shared;
    for (int named = shared; named >= 0; named--)
        for (uint32_t k = 0; k < hole->candidate_count; k++) {
            uint32_t n = hole->candidates[k].node.at;
            if ((shared && v.named[n] != (bool)named) || !brute_fits(b, v.next, k) || !brute_agrees(b, &v, v.next, k))
                continue;
            b->taken[v.next] = k;
            if (brute_complete(b))
                return true;
        }
    b->taken[v.next] = OPEN;
    return false;
}

/* The best choices are in b->taken after true; b->steps tells when the search was given up. */
static inline bool brute_solve(struct arena *a, struct brute *b)
{
    b->taken = arena_array(a, uint32_t, b->p->hole_count);
    for (uint32_t h = 0; h < b->p->hole_count; h++)
        b->taken[h] = OPEN;
    b->steps = 0;
    return brute_node_fits(b, 0) && brute_complete(b);
}

#endif
