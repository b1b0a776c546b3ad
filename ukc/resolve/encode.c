/*
 * encode.c - variables, requirements, and what a node needs of itself.
 * Variables are numbered as they are first needed, in the order of the graph, which is
 * sorted: the same question is the same text to the solver.
 */
#include <string.h>

#include "encode.h"

uint32_t encoding_fact(struct encoding *e, struct fact f)
{
    size_t at = e->facts.count;
    bool kept = !e->keep || at >= e->keep_count || e->keep[at];
    if (e->mode == ENCODE_FACTS && kept && at)
        f.literal = ++e->variables;
    *vec_add(e->arena, &e->facts) = f;
    return (uint32_t)at;
}

bool clause_begin(struct encoding *e, uint32_t fact)
{
    if (e->mode == ENCODE_PLAN || !fact)
        return true;
    int literal = e->facts.items[fact].literal;
    if (literal)
        solver_add(e->solver, -literal);
    return literal;
}

void clause2(struct encoding *e, uint32_t fact, int a, int b)
{
    if (!clause_begin(e, fact))
        return;
    solver_add(e->solver, a);
    if (b)
        solver_add(e->solver, b);
    solver_add(e->solver, 0);
}

#define PAIRWISE 5

/* Sinz's sequential counter: s_i is "one of the first i holds". */
static void ladder(struct encoding *e, uint32_t fact, const int *x, size_t count)
{
    int before = ++e->variables;
    clause2(e, fact, -x[0], before);
    for (size_t i = 1; i < count; i++) {
        clause2(e, fact, -x[i], -before);
        if (i + 1 == count)
            break;
        int s = ++e->variables;
        clause2(e, fact, -before, s);
        clause2(e, fact, -x[i], s);
        before = s;
    }
}

void at_most_one(struct encoding *e, uint32_t fact, const int *x, size_t count)
{
    if (count > PAIRWISE) {
        ladder(e, fact, x, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            clause2(e, fact, -x[i], -x[j]);
}

bool encoding_is_shared(const struct encoding *e, uint32_t h)
{
    const struct hole *hole = problem_hole(e->p, h);
    return hole->open && hole->signature->shared;
}

/* For a plan, agreement is having the same variables; as a fact it has to be said. */
static bool same_variables(const struct encoding *e, uint32_t h)
{
    return e->mode == ENCODE_PLAN && encoding_is_shared(e, h);
}

int encoding_used(struct encoding *e, uint32_t n)
{
    if (!e->used[n])
        e->used[n] = ++e->variables;
    return e->used[n];
}

int encoding_edge(struct encoding *e, uint32_t h, uint32_t k)
{
    const struct hole *hole = problem_hole(e->p, h);
    int *first = same_variables(e, h) ? &e->shared[signature_index(e->p, hole->signature)] : &e->choice[h];
    if (!*first) {
        *first = e->variables + 1;
        e->variables += (int)hole->candidate_count;
    }
    return *first + (int)k;
}

bool encoding_has(const struct encoding *e, uint32_t h, uint32_t k)
{
    const struct candidate *c = &problem_hole(e->p, h)->candidates[k];
    if (e->mode == ENCODE_PLAN)
        return e->in[c->node.at] && candidate_usable(e->p, h, c);
    return !c->guard || candidate_guarded_in(e->p, h, c);
}

/* For a plan: what is alive and can be reached.  For facts: everything. */
static void choose_nodes(struct encoding *e)
{
    const struct problem *p = e->p;
    size_t n = p->graph->node_count;
    e->in = arena_array(e->arena, bool, n);
    if (e->mode == ENCODE_FACTS) {
        memset(e->in, true, n * sizeof *e->in);
        return;
    }
    uint32_t *queue = arena_array(e->arena, uint32_t, n);
    size_t count = 1;
    e->in[0] = true;
    for (size_t q = 0; q < count; q++)
        for (uint32_t h = p->hole_first[queue[q]]; h < p->hole_first[queue[q] + 1]; h++) {
            const struct hole *hole = problem_hole(p, h);
            for (size_t k = 0; k < hole->candidate_count; k++) {
                uint32_t c = hole->candidates[k].node.at;
                if (e->in[c] || !candidate_usable(p, h, &hole->candidates[k]))
                    continue;
                e->in[c] = true;
                queue[count++] = c;
            }
        }
}

static void encode_requirement(struct encoding *e, uint32_t owner, uint32_t h)
{
    const struct hole *hole = problem_hole(e->p, h);
    uint32_t fact = encoding_fact(e, (struct fact){.kind = FACT_REQUIRES, .node = {owner}, .hole = h});
    e->requires[h] = fact;
    if (!clause_begin(e, fact))
        return;
    solver_add(e->solver, -encoding_used(e, owner));
    for (uint32_t k = 0; k < hole->candidate_count; k++)
        if (encoding_has(e, h, k))
            solver_add(e->solver, encoding_edge(e, h, k));
    solver_add(e->solver, 0);
}

/* A candidate of another version: this hole cannot take it (a shared one may serve others). */
static void encode_versions(struct encoding *e, uint32_t owner, uint32_t h)
{
    const struct hole *hole = problem_hole(e->p, h);
    if (!hole->requirement->version.text)
        return;
    for (uint32_t k = 0; k < hole->candidate_count; k++) {
        if (candidate_in_range(e->p, h, &hole->candidates[k]))
            continue;
        if (e->mode == ENCODE_PLAN && !encoding_is_shared(e, h))
            continue;
        uint32_t fact = encoding_fact(e, (struct fact){.kind = FACT_VERSION, .node = {owner}, .hole = h, .at = k});
        if (e->mode == ENCODE_PLAN || e->facts.items[fact].literal)
            clause2(e, fact, -encoding_used(e, owner), -encoding_edge(e, h, k));
    }
}

/* The lock forbids the others, as a version range does. */
static void encode_lock(struct encoding *e, uint32_t owner, uint32_t h)
{
    const struct hole *hole = problem_hole(e->p, h);
    if (!e->p->use_lock || !e->p->lock_line[h])
        return;
    uint32_t fact = encoding_fact(e, (struct fact){.kind = FACT_LOCK, .node = {owner}, .hole = h});
    for (uint32_t k = 0; k < hole->candidate_count; k++)
        if (!candidate_locked(e->p, h, &hole->candidates[k]) && (e->mode == ENCODE_PLAN || e->facts.items[fact].literal))
            clause2(e, fact, -encoding_used(e, owner), -encoding_edge(e, h, k));
}

static bool borrows(const struct encoding *e)
{
    for (uint32_t h = 0; h < e->p->hole_count; h++) {
        const struct hole *hole = problem_hole(e->p, h);
        /* declared instances come last in a list */
        if (e->in[e->p->hole_node[h]] && encoding_is_shared(e, h) && hole->candidate_count &&
            candidate_borrowed(e->p, hole, &hole->candidates[hole->candidate_count - 1]))
            return true;
    }
    return false;
}

/* What the words mean: what is chosen is in the image, and an explicit choice is one. */
static void encode_meaning(struct encoding *e, uint32_t h)
{
    const struct hole *hole = problem_hole(e->p, h);
    if (!e->choice[h])
        return;
    bool one = !hole->open || e->borrows;
    int *edges = arena_array(e->arena, int, one ? hole->candidate_count : 0);
    size_t count = 0;
    for (uint32_t k = 0; k < hole->candidate_count; k++) {
        if (!encoding_has(e, h, k))
            continue;
        clause2(e, 0, -encoding_edge(e, h, k), encoding_used(e, hole->candidates[k].node.at));
        /* a requirement that is not said may still be met, and bring in an instance; then it is as if it were said */
        if (e->mode == ENCODE_FACTS && e->borrows)
            clause2(e, 0, -encoding_edge(e, h, k), e->facts.items[e->requires[h]].literal);
        if (!one)
            continue;
        edges[count++] = encoding_edge(e, h, k);
        clause2(e, 0, -encoding_edge(e, h, k), encoding_used(e, e->p->hole_node[h]));
    }
    at_most_one(e, 0, edges, count);
}

/* The facts of one component about itself; its nodes share them. */
struct own_facts {
    bool known;
    uint32_t first, count;
};

static struct own_facts find_own_facts(struct encoding *e, uint32_t n)
{
    const struct node *node = &e->p->graph->nodes[n];
    const struct component *c = node->component;
    struct own_facts f = {.known = true, .first = (uint32_t)e->facts.count};
    if (!(c->targets & 1u << e->p->target))
        encoding_fact(e, (struct fact){.kind = FACT_TARGET, .node = {n}});
    for (uint32_t i = 0; i < c->condition_count; i++)
        if (!condition_met(e->p, &node->conditions[i], &c->conditions[i]))
            encoding_fact(e, (struct fact){.kind = FACT_CONDITION, .node = {n}, .at = i});
    f.count = (uint32_t)e->facts.count - f.first;
    return f;
}

static void encode_fitness(struct encoding *e)
{
    const struct graph *g = e->p->graph;
    struct own_facts *all = arena_array(e->arena, struct own_facts, g->manifest->implementation_count + 1);
    for (uint32_t n = 0; n < g->node_count; n++) {
        struct own_facts *f = &all[n ? g->nodes[n].component - g->manifest->implementations + 1 : 0];
        if (!f->known)
            *f = find_own_facts(e, n);
        for (uint32_t i = 0; i < f->count; i++)
            if (e->facts.items[f->first + i].literal)
                clause2(e, f->first + i, -encoding_used(e, n), 0);
    }
}

static void encode_nodes(struct encoding *e)
{
    const struct problem *p = e->p;
    for (uint32_t h = 0; h < p->hole_count; h++) {
        uint32_t n = p->hole_node[h];
        if (!e->in[n])
            continue;
        encode_requirement(e, n, h);
        encode_versions(e, n, h);
        encode_lock(e, n, h);
    }
}

struct encoding *encode(struct arena *a, const struct problem *p, enum encode_mode mode, const bool *keep, size_t keep_count)
{
    struct encoding *e = arena_new(a, struct encoding);
    *e = (struct encoding){.p = p, .arena = a, .solver = solver_create(a), .mode = mode, .keep = keep, .keep_count = keep_count};
    *vec_add(a, &e->facts) = (struct fact){.kind = FACT_BACKGROUND};
    e->used = arena_array(a, int, p->graph->node_count);
    e->choice = arena_array(a, int, p->hole_count);
    e->clash = arena_array(a, struct clash *, p->graph->node_count);
    e->requires = arena_array(a, uint32_t, p->hole_count);
    e->shared = arena_array(a, int, p->graph->manifest->signature_count);
    choose_nodes(e);
    e->borrows = borrows(e);
    clause2(e, 0, encoding_used(e, 0), 0);
    if (mode == ENCODE_FACTS)
        encode_fitness(e);
    encode_nodes(e);
    encode_conflicts(e);
    encode_shared(e);
    for (uint32_t h = 0; h < p->hole_count; h++)
        encode_meaning(e, h);
    encode_exclusive(e);
    encode_declared(e);
    return e;
}

static int atom_literal(struct encoding *e, const struct atom *x)
{
    switch (x->kind) {
    case ATOM_USED:
        return encoding_used(e, x->at);
    case ATOM_EDGE:
        return encoding_edge(e, x->at, x->candidate);
    case ATOM_UNSAID:
        return -e->facts.items[e->requires[x->at]].literal;
    }
    return 0;
}

void encoding_cut(struct encoding *e, const struct cut *c)
{
    uint32_t fact = c->fact.kind == FACT_BACKGROUND ? 0 : encoding_fact(e, c->fact);
    for (size_t i = 0; i < c->atom_count; i++)
        if (!atom_literal(e, &c->atoms[i]))
            return; /* a requirement that is left out altogether */
    if (!clause_begin(e, fact))
        return;
    for (size_t i = 0; i < c->atom_count; i++) {
        int literal = atom_literal(e, &c->atoms[i]);
        solver_add(e->solver, c->atoms[i].negative ? -literal : literal);
    }
    solver_add(e->solver, 0);
}

void encoding_dispose(struct encoding *e)
{
    solver_destroy(e->solver);
}
