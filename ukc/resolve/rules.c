/*
 * rules.c - clauses that cross requirements: conflicts, exclusive and shared
 * signatures, declared instances.
 */
#include <string.h>

#include "../base/text.h"
#include "../graph/find.h"
#include "conflict.h"
#include "encode.h"

/* Is a variable worth making for the node?  When only some facts are kept, only for nodes they speak of. */
static bool spoken_of(const struct encoding *e, uint32_t n)
{
    return e->in[n] && (!e->keep || e->used[n]);
}

/* The nodes of each component: chained from the first, ABSENT ends. */
struct chains {
    uint32_t *first; /* by implementation, + 1; the unikernel is 0 */
    uint32_t *next;  /* by node */
};

static struct chains chain_nodes(const struct encoding *e)
{
    const struct graph *g = e->p->graph;
    size_t components = g->manifest->implementation_count + 1;
    struct chains c = {arena_array(e->arena, uint32_t, components), arena_array(e->arena, uint32_t, g->node_count)};
    memset(c.first, 0xff, components * sizeof *c.first);
    for (size_t i = g->node_count; i-- > 0;) {
        uint32_t *first = &c.first[i ? g->nodes[i].component - g->manifest->implementations + 1 : 0];
        c.next[i] = *first;
        *first = (uint32_t)i;
    }
    return c;
}

static void add_clash(struct encoding *e, uint32_t x, uint32_t y)
{
    struct clash *c = arena_new(e->arena, struct clash);
    *c = (struct clash){.node = y, .next = e->clash[x]};
    e->clash[x] = c;
}

static void exclude_pairs(struct encoding *e, const struct chains *c, uint32_t fact, uint32_t mine, uint32_t other)
{
    for (uint32_t x = mine; x != ABSENT; x = c->next[x])
        for (uint32_t y = other; y != ABSENT; y = c->next[y]) {
            if (!e->in[x] || !e->in[y] || (e->mode == ENCODE_FACTS && !e->facts.items[fact].literal))
                continue;
            clause2(e, fact, -encoding_used(e, x), -encoding_used(e, y));
            if (e->mode == ENCODE_PLAN) {
                add_clash(e, x, y);
                add_clash(e, y, x);
            }
        }
}

static void encode_conflict(struct encoding *e, const struct chains *c, uint32_t first, uint32_t at)
{
    const struct graph *g = e->p->graph;
    const struct component *mine = g->nodes[first].component;
    const struct word *written = &mine->conflicts[at];
    if (written == e->p->ignored_conflict)
        return;
    struct conflict with = conflict_parse(e->arena, written->text);
    struct versions v = versions_find(g->manifest, with.name);
    uint32_t fact = 0;
    for (size_t i = 0; i < v.count; i++) {
        const struct component *other = &g->manifest->implementations[v.first + i];
        uint32_t nodes = c->first[v.first + i + 1];
        if (other == mine || nodes == ABSENT || !conflict_hits(&with, other))
            continue;
        if (!fact)
            fact = encoding_fact(e, (struct fact){.kind = FACT_CONFLICT, .node = {first}, .at = at});
        exclude_pairs(e, c, fact, first, nodes);
    }
}

void encode_conflicts(struct encoding *e)
{
    const struct graph *g = e->p->graph;
    struct chains c = chain_nodes(e);
    for (uint32_t n = 0; n < g->node_count; n++) {
        const struct component *component = g->nodes[n].component;
        if (!component->conflict_count || c.first[n ? component - g->manifest->implementations + 1 : 0] != n)
            continue;
        for (uint32_t i = 0; i < component->conflict_count; i++)
            encode_conflict(e, &c, n, i);
    }
}

/* One literal for each implementation of the signature: that some node of it is in the image. */
static void encode_exclusive_one(struct encoding *e, const struct chains *c, const struct signature *s, uint32_t fact)
{
    const struct manifest *m = e->p->graph->manifest;
    VEC(int) literals = {};
    for (size_t i = 0; i < m->implementation_count; i++) {
        uint32_t first = c->first[i + 1];
        if (first == ABSENT || !component_provides(&m->implementations[i], s->name.text))
            continue;
        VEC(uint32_t) nodes = {};
        for (uint32_t n = first; n != ABSENT; n = c->next[n])
            if (spoken_of(e, n))
                *vec_add(e->arena, &nodes) = n;
        if (!nodes.count)
            continue;
        int literal = nodes.count == 1 ? encoding_used(e, nodes.items[0]) : ++e->variables;
        for (size_t k = 0; k < nodes.count && nodes.count > 1; k++)
            clause2(e, 0, -encoding_used(e, nodes.items[k]), literal);
        *vec_add(e->arena, &literals) = literal;
    }
    if (literals.count)
        at_most_one(e, fact, literals.items, literals.count);
}

void encode_exclusive(struct encoding *e)
{
    const struct manifest *m = e->p->graph->manifest;
    struct chains c = {};
    for (size_t i = 0; i < m->signature_count; i++) {
        if (!m->signatures[i].exclusive)
            continue;
        if (!c.first)
            c = chain_nodes(e);
        uint32_t fact = encoding_fact(e, (struct fact){.kind = FACT_EXCLUSIVE, .signature = &m->signatures[i]});
        if (e->mode == ENCODE_PLAN || e->facts.items[fact].literal)
            encode_exclusive_one(e, &c, &m->signatures[i], fact);
    }
}

/* An open requirement shares a declared instance only if an explicit choice has it. */
static void encode_borrowed(struct encoding *e, uint32_t hole, uint32_t k, uint32_t node)
{
    const struct problem *p = e->p;
    int edge = encoding_edge(e, hole, k);
    solver_add(e->solver, -edge);
    for (uint32_t h = 0; h < p->hole_count; h++) {
        const struct hole *other = problem_hole(p, h);
        for (uint32_t j = 0; !other->open && e->in[p->hole_node[h]] && j < other->candidate_count; j++)
            if (other->candidates[j].node.at == node && encoding_has(e, h, j))
                solver_add(e->solver, encoding_edge(e, h, j));
    }
    solver_add(e->solver, 0);
}

/* All open requirements of a shared signature have the same variables: that is the agreement. */
static void encode_shared_plan(struct encoding *e, uint32_t h)
{
    const struct hole *hole = problem_hole(e->p, h);
    int *edges = arena_array(e->arena, int, hole->candidate_count);
    size_t count = 0;
    for (uint32_t k = 0; k < hole->candidate_count; k++) {
        uint32_t n = hole->candidates[k].node.at;
        if (!e->in[n]) {
            clause2(e, 0, -encoding_edge(e, h, k), 0);
            continue;
        }
        edges[count++] = encoding_edge(e, h, k);
        clause2(e, 0, -encoding_edge(e, h, k), encoding_used(e, n));
        if (e->p->graph->nodes[n].instance)
            encode_borrowed(e, h, k, n);
    }
    at_most_one(e, 0, edges, count);
}

/* The fact: each requirement's candidate is the one agreed on, and that is one. */
static void encode_shared_fact(struct encoding *e, const struct signature *s, uint32_t fact)
{
    const struct problem *p = e->p;
    int first = 0;
    for (uint32_t h = 0; h < p->hole_count; h++) {
        const struct hole *hole = problem_hole(p, h);
        if (hole->signature != s || !hole->open || !e->choice[h] || !e->facts.items[fact].literal)
            continue;
        int *agreed = arena_array(e->arena, int, hole->candidate_count);
        for (uint32_t k = 0; k < hole->candidate_count; k++) {
            agreed[k] = (first ? first : e->variables + 1) + (int)k;
            clause2(e, fact, -encoding_edge(e, h, k), agreed[k]);
        }
        if (first)
            continue;
        first = agreed[0];
        e->variables += (int)hole->candidate_count;
        at_most_one(e, fact, agreed, hole->candidate_count);
    }
}

static void encode_borrowing(struct encoding *e, uint32_t h)
{
    const struct hole *hole = problem_hole(e->p, h);
    for (uint32_t k = 0; e->choice[h] && k < hole->candidate_count; k++)
        if (candidate_borrowed(e->p, hole, &hole->candidates[k]))
            encode_borrowed(e, h, k, hole->candidates[k].node.at);
}

void encode_shared(struct encoding *e)
{
    const struct problem *p = e->p;
    bool *done = arena_array(e->arena, bool, p->graph->manifest->signature_count);
    for (uint32_t h = 0; h < p->hole_count; h++) {
        const struct signature *s = problem_hole(p, h)->signature;
        if (!encoding_is_shared(e, h))
            continue;
        if (e->mode == ENCODE_FACTS)
            encode_borrowing(e, h);
        if (done[signature_index(p, s)])
            continue;
        done[signature_index(p, s)] = true;
        uint32_t fact = encoding_fact(e, (struct fact){.kind = FACT_SHARED, .hole = h, .signature = s});
        if (e->mode == ENCODE_FACTS)
            encode_shared_fact(e, s, fact);
        else if (e->shared[signature_index(p, s)])
            encode_shared_plan(e, h);
    }
}

/* A declared instance is one thing: it has one version. */
void encode_declared(struct encoding *e)
{
    const struct graph *g = e->p->graph;
    for (uint32_t n = 0, end; n < g->node_count; n = end) {
        VEC(int) same = {};
        for (end = n; end < g->node_count && g->nodes[end].instance == g->nodes[n].instance; end++) {
            if (!g->nodes[n].instance) {
                end++;
                break;
            }
            if (spoken_of(e, end))
                *vec_add(e->arena, &same) = encoding_used(e, end);
        }
        if (same.count > 1)
            at_most_one(e, 0, same.items, same.count);
    }
}
