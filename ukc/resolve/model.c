/*
 * model.c - checking models.
 *
 * A node stands on ground when each of its requirements has a chosen
 * candidate that does.  If the unikernel does not, walking along the
 * requirements at fault must come around: that is the cycle, and the clause
 * says that whoever is part of the set around it needs a candidate outside.
 */
#include <string.h>

#include "model.h"

struct model {
    struct encoding *e;
    const struct problem *p;
    struct arena *arena;
    bool *grounded, *in_set;
    uint32_t *queue;
    size_t count;
};

static bool chosen(const struct model *m, uint32_t h, uint32_t k)
{
    return m->e->choice[h] && encoding_has(m->e, h, k) && solver_holds(m->e->solver, encoding_edge(m->e, h, k));
}

static bool is_said(const struct model *m, uint32_t h)
{
    int literal = m->e->facts.items[m->e->requires[h]].literal;
    return literal && solver_holds(m->e->solver, literal);
}

static bool hole_grounded(const struct model *m, uint32_t h)
{
    const struct hole *hole = problem_hole(m->p, h);
    for (uint32_t k = 0; k < hole->candidate_count; k++)
        if (m->grounded[hole->candidates[k].node.at] && chosen(m, h, k))
            return true;
    return false;
}

/* The first requirement of the node that does not stand on ground, or ABSENT. */
static uint32_t hole_at_fault(const struct model *m, uint32_t n)
{
    for (uint32_t h = m->p->hole_first[n]; h < m->p->hole_first[n + 1]; h++)
        if (is_said(m, h) && !hole_grounded(m, h))
            return h;
    return ABSENT;
}

/* Everything that chosen candidates lead to, also those that are not needed. */
static void reach(struct model *m)
{
    m->in_set[0] = true;
    m->queue[0] = 0;
    m->count = 1;
    for (size_t q = 0; q < m->count; q++)
        for (uint32_t h = m->p->hole_first[m->queue[q]]; h < m->p->hole_first[m->queue[q] + 1]; h++) {
            const struct hole *hole = problem_hole(m->p, h);
            for (uint32_t k = 0; k < hole->candidate_count; k++) {
                uint32_t n = hole->candidates[k].node.at;
                if (m->in_set[n] || !chosen(m, h, k))
                    continue;
                m->in_set[n] = true;
                m->queue[m->count++] = n;
            }
        }
}

static void ground(struct model *m)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t q = m->count; q-- > 0;)
            if (!m->grounded[m->queue[q]] && hole_at_fault(m, m->queue[q]) == ABSENT)
                changed = m->grounded[m->queue[q]] = true;
    }
}

static uint32_t first_chosen(const struct model *m, uint32_t h)
{
    uint32_t k = 0;
    while (!chosen(m, h, k))
        k++;
    return problem_hole(m->p, h)->candidates[k].node.at;
}

/* Follows the requirements at fault from the unikernel until a node comes again. */
static struct fact find_circle(struct model *m)
{
    uint32_t *turn = arena_array(m->arena, uint32_t, m->p->graph->node_count);
    uint32_t *holes = arena_array(m->arena, uint32_t, m->p->graph->node_count);
    uint32_t steps = 0, n = 0;
    while (!turn[n]) {
        turn[n] = steps + 1;
        holes[steps] = hole_at_fault(m, n);
        n = first_chosen(m, holes[steps++]);
    }
    uint32_t from = turn[n] - 1;
    return (struct fact){.kind = FACT_CYCLE, .node = {n}, .cycle = holes + from, .cycle_count = steps - from};
}

static void cut_circle(struct model *m, struct cut *cut)
{
    const struct problem *p = m->p;
    cut->fact = find_circle(m);
    VEC(struct atom) atoms = {};
    *vec_add(m->arena, &atoms) = (struct atom){.kind = ATOM_USED, .negative = true, .at = cut->fact.node.at};
    /* the set: what the requirements at fault lead to */
    memset(m->in_set, 0, p->graph->node_count * sizeof *m->in_set);
    m->queue[0] = cut->fact.node.at;
    m->in_set[m->queue[0]] = true;
    m->count = 1;
    for (size_t q = 0; q < m->count; q++) {
        uint32_t h = hole_at_fault(m, m->queue[q]);
        const struct hole *hole = problem_hole(p, h);
        for (uint32_t k = 0; k < hole->candidate_count; k++) {
            uint32_t n = hole->candidates[k].node.at;
            if (!m->in_set[n] && chosen(m, h, k)) {
                m->in_set[n] = true;
                m->queue[m->count++] = n;
            }
        }
    }
    for (size_t q = 0; q < m->count; q++) {
        uint32_t h = hole_at_fault(m, m->queue[q]);
        const struct hole *hole = problem_hole(p, h);
        *vec_add(m->arena, &atoms) = (struct atom){.kind = ATOM_UNSAID, .at = h};
        for (uint32_t k = 0; k < hole->candidate_count; k++)
            if (!m->in_set[hole->candidates[k].node.at] && encoding_has(m->e, h, k))
                *vec_add(m->arena, &atoms) = (struct atom){.kind = ATOM_EDGE, .at = h, .candidate = k};
    }
    cut->atoms = atoms.items;
    cut->atom_count = atoms.count;
}

static bool brought_in(const struct model *m, uint32_t node)
{
    for (size_t q = 0; q < m->count; q++)
        for (uint32_t h = m->p->hole_first[m->queue[q]]; h < m->p->hole_first[m->queue[q] + 1]; h++) {
            const struct hole *hole = problem_hole(m->p, h);
            for (uint32_t k = 0; !hole->open && k < hole->candidate_count; k++)
                if (hole->candidates[k].node.at == node && chosen(m, h, k))
                    return true;
        }
    return false;
}

/* As in decide.c: an explicit choice of what is reached, or reaching further. */
static void cut_orphan(struct model *m, uint32_t h, uint32_t k, struct cut *cut)
{
    uint32_t node = problem_hole(m->p, h)->candidates[k].node.at;
    VEC(struct atom) atoms = {};
    *vec_add(m->arena, &atoms) = (struct atom){.kind = ATOM_EDGE, .negative = true, .at = h, .candidate = k};
    for (size_t q = 0; q < m->count; q++)
        for (uint32_t x = m->p->hole_first[m->queue[q]]; x < m->p->hole_first[m->queue[q] + 1]; x++) {
            const struct hole *hole = problem_hole(m->p, x);
            for (uint32_t j = 0; j < hole->candidate_count; j++) {
                uint32_t to = hole->candidates[j].node.at;
                if (encoding_has(m->e, x, j) && (!m->in_set[to] || (to == node && !hole->open)))
                    *vec_add(m->arena, &atoms) = (struct atom){.kind = ATOM_EDGE, .at = x, .candidate = j};
            }
        }
    *cut = (struct cut){.fact = {.kind = FACT_BACKGROUND}, .atoms = atoms.items, .atom_count = atoms.count};
}

static bool find_orphan(struct model *m, struct cut *cut)
{
    for (size_t q = 0; m->e->borrows && q < m->count; q++)
        for (uint32_t h = m->p->hole_first[m->queue[q]]; h < m->p->hole_first[m->queue[q] + 1]; h++) {
            const struct hole *hole = problem_hole(m->p, h);
            for (uint32_t k = 0; k < hole->candidate_count; k++)
                if (candidate_borrowed(m->p, hole, &hole->candidates[k]) && is_said(m, h) && chosen(m, h, k) &&
                    !brought_in(m, hole->candidates[k].node.at)) {
                    cut_orphan(m, h, k, cut);
                    return true;
                }
        }
    return false;
}

bool model_is_plan(struct encoding *e, struct arena *a, struct cut *cut)
{
    size_t n = e->p->graph->node_count;
    struct model m = {.e = e, .p = e->p, .arena = a};
    m.grounded = arena_array(a, bool, n);
    m.in_set = arena_array(a, bool, n);
    m.queue = arena_array(a, uint32_t, n);
    reach(&m);
    ground(&m);
    if (!m.grounded[0]) {
        cut_circle(&m, cut);
        return false;
    }
    return !find_orphan(&m, cut);
}
