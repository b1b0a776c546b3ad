/*
 * dead_end.c - the conflicting facts when single requirements are enough to
 * tell: a node is dead if it is not for the target, if its `when` is not met,
 * or if every candidate of one of its requirements is dead.  No solver is
 * asked, however large the catalogue.
 *
 * The set is irreducible: each dead node brings in one fact (or one
 * requirement), so without that fact the node lives, and with it everything
 * above that the set names.  Only where instances are borrowed this can fail:
 * one that lives helps nobody unless an explicit choice brings it in.
 */
#include <string.h>

#include "explain.h"

struct dead_end {
    struct arena *arena;
    const struct problem *p;
    bool *dead;         /* by node */
    uint32_t *blocking; /* by node: the requirement that killed it; ABSENT: it does not fit by itself */
};

static bool blocked(const struct dead_end *e, uint32_t h)
{
    const struct hole *hole = problem_hole(e->p, h);
    for (size_t k = 0; k < hole->candidate_count; k++) {
        const struct candidate *c = &hole->candidates[k];
        if (!e->dead[c->node.at] && candidate_guarded_in(e->p, h, c) && candidate_in_range(e->p, h, c))
            return false;
    }
    return true;
}

static bool dies(struct dead_end *e, uint32_t n)
{
    e->blocking[n] = ABSENT;
    if (node_fitness(e->p, (node_id){n}, NULL) != FITS)
        return true;
    for (uint32_t h = e->p->hole_first[n]; h < e->p->hole_first[n + 1]; h++)
        if (blocked(e, h)) {
            e->blocking[n] = h;
            return true;
        }
    return false;
}

static void spread(struct dead_end *e)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = e->p->graph->node_count; i-- > 0;)
            if (!e->dead[i] && dies(e, (uint32_t)i))
                changed = e->dead[i] = true;
    }
}

struct telling {
    VEC(struct fact) facts;
    bool *met, *component_met;
    uint32_t *queue;
    size_t count;
    bool borrowed;
};

/* Target or condition: once for a component, however many nodes it has. */
static void add_unfit(struct dead_end *e, struct arena *a, struct telling *t, uint32_t n)
{
    const struct graph *g = e->p->graph;
    size_t component = n ? (size_t)(g->nodes[n].component - g->manifest->implementations) + 1 : 0;
    if (t->component_met[component])
        return;
    t->component_met[component] = true;
    size_t condition = 0;
    enum fitness why = node_fitness(e->p, (node_id){n}, &condition);
    *vec_add(a, &t->facts) = (struct fact){
        .kind = why == WRONG_TARGET ? FACT_TARGET : FACT_CONDITION, .node = {n}, .at = (uint32_t)condition};
}

static void add_blocked(struct dead_end *e, struct arena *a, struct telling *t, uint32_t n)
{
    uint32_t h = e->blocking[n];
    const struct hole *hole = problem_hole(e->p, h);
    *vec_add(a, &t->facts) = (struct fact){.kind = FACT_REQUIRES, .node = {n}, .hole = h};
    for (uint32_t k = 0; k < hole->candidate_count; k++) {
        uint32_t c = hole->candidates[k].node.at;
        if (!candidate_guarded_in(e->p, h, &hole->candidates[k]))
            continue;
        t->borrowed |= candidate_borrowed(e->p, hole, &hole->candidates[k]);
        if (!e->dead[c]) {
            *vec_add(a, &t->facts) = (struct fact){.kind = FACT_VERSION, .node = {n}, .hole = h, .at = k};
        } else if (!t->met[c]) {
            t->met[c] = true;
            t->queue[t->count++] = c;
        }
    }
}

struct conflict_set dead_end_find(struct arena *a, const struct problem *p)
{
    struct arena *scratch = arena_create();
    size_t nodes = p->graph->node_count;
    struct dead_end e = {.arena = scratch, .p = p};
    e.dead = arena_array(scratch, bool, nodes);
    e.blocking = arena_array(scratch, uint32_t, nodes);
    spread(&e);
    struct telling t = {.met = arena_array(scratch, bool, nodes), .queue = arena_array(scratch, uint32_t, nodes)};
    t.component_met = arena_array(scratch, bool, p->graph->manifest->implementation_count + 1);
    if (e.dead[0]) {
        t.met[0] = true;
        t.queue[t.count++] = 0;
    }
    for (size_t q = 0; q < t.count; q++)
        if (e.blocking[t.queue[q]] == ABSENT)
            add_unfit(&e, a, &t, t.queue[q]);
        else
            add_blocked(&e, a, &t, t.queue[q]);
    arena_destroy(scratch);
    return (struct conflict_set){.facts = t.facts.items, .count = t.facts.count, .irreducible = !t.borrowed};
}
