/*
 * decide.c - lexicographic search with a solver that looks ahead.
 *
 * A sequence of decisions is made greedily to its end and assumed whole.  If
 * the solver agrees, it is the best plan.  If not, the failed assumptions
 * name a prefix that cannot be completed; the last decision of the shortest
 * such prefix found moves on to its next candidate, and what followed is
 * made anew.  So the number of solver calls grows with the number of first
 * preferences that cannot be had, not with the number of requirements.
 *
 * The solver knows nothing of cycles, nor whether what brings in a borrowed
 * instance is itself in the image: a complete sequence is checked for both,
 * and a clause that forbids what was found is added.
 */
#include <assert.h>
#include <string.h>

#include "decide.h"

struct position {
    uint32_t hole, candidate;
    uint32_t rank; /* how many better candidates were refuted */
    int literal;
};

struct search {
    struct arena *arena;
    const struct problem *p;
    struct encoding *e;
    VEC(struct position) sequence;
    size_t decided;      /* positions of the sequence in force */
    bool complete;       /* no requirement is left after them */
    uint32_t *taken;     /* by hole */
    uint32_t *agreed;    /* by signature: the candidate its open requirements share */
    bool *visited;       /* by node */
    bool *named;         /* by node: an explicit choice decided so far has it */
    uint32_t *queue, *deferred;
    size_t queue_count, queue_at, deferred_count, deferred_at;
    uint32_t cursor; /* next hole of the node at the head of the queue */
};

/* In conflict with what is taken already: the solver need not be asked. */
static bool clashes(const struct search *s, uint32_t node)
{
    for (const struct clash *c = s->e->clash[node]; c; c = c->next)
        if (s->visited[c->node])
            return true;
    return false;
}

/* Order of candidates: for a shared signature what explicit choices brought in comes first. */
static bool candidate_at_rank(const struct search *s, uint32_t h, uint32_t rank, uint32_t *found)
{
    const struct hole *hole = problem_hole(s->p, h);
    bool shared = encoding_is_shared(s->e, h);
    if (shared && s->agreed[signature_index(s->p, hole->signature)] != ABSENT) {
        *found = s->agreed[signature_index(s->p, hole->signature)];
        return !rank && encoding_has(s->e, h, *found);
    }
    for (int named = shared; named >= 0; named--)
        for (uint32_t k = 0; k < hole->candidate_count; k++) {
            if (!encoding_has(s->e, h, k) || clashes(s, hole->candidates[k].node.at) || (shared && s->named[hole->candidates[k].node.at] != (bool)named))
                continue;
            *found = k;
            if (!rank--)
                return true;
        }
    return false;
}

static bool next_hole(struct search *s, uint32_t *h)
{
    for (;;) {
        if (s->queue_at < s->queue_count) {
            if (s->cursor == s->p->hole_first[s->queue[s->queue_at] + 1]) {
                if (++s->queue_at < s->queue_count)
                    s->cursor = s->p->hole_first[s->queue[s->queue_at]];
                continue;
            }
            *h = s->cursor++;
            if (!encoding_is_shared(s->e, *h))
                return true;
            s->deferred[s->deferred_count++] = *h;
            continue;
        }
        if (s->deferred_at == s->deferred_count)
            return false;
        *h = s->deferred[s->deferred_at++];
        return true;
    }
}

static void visit(struct search *s, uint32_t node)
{
    if (s->visited[node])
        return;
    s->visited[node] = true;
    s->queue[s->queue_count++] = node;
    if (s->queue_count == s->queue_at + 1)
        s->cursor = s->p->hole_first[node];
}

static void take(struct search *s, uint32_t h, uint32_t k)
{
    const struct hole *hole = problem_hole(s->p, h);
    s->taken[h] = k;
    if (encoding_is_shared(s->e, h))
        s->agreed[signature_index(s->p, hole->signature)] = k;
    else if (!hole->open)
        s->named[hole->candidates[k].node.at] = true;
    visit(s, hole->candidates[k].node.at);
}

static void restart(struct search *s)
{
    size_t nodes = s->p->graph->node_count;
    memset(s->taken, 0xff, s->p->hole_count * sizeof *s->taken);
    memset(s->agreed, 0xff, s->p->graph->manifest->signature_count * sizeof *s->agreed);
    memset(s->visited, 0, nodes * sizeof *s->visited);
    memset(s->named, 0, nodes * sizeof *s->named);
    s->queue_count = s->queue_at = s->deferred_count = s->deferred_at = 0;
    visit(s, 0);
}

/* Makes the first `keep` decisions again with their ranks and goes on greedily; stops where no candidate is left. */
static void extend(struct search *s, size_t keep)
{
    restart(s);
    uint32_t h, k;
    for (s->decided = 0; next_hole(s, &h); s->decided++) {
        uint32_t rank = s->decided < keep ? s->sequence.items[s->decided].rank : 0;
        if (!candidate_at_rank(s, h, rank, &k)) {
            s->complete = false;
            return;
        }
        if (s->decided == s->sequence.count)
            (void)vec_add(s->arena, &s->sequence);
        s->sequence.items[s->decided] = (struct position){h, k, rank, encoding_edge(s->e, h, k)};
        take(s, h, k);
    }
    s->complete = true;
}

/* Can the first `count` decisions be completed, as far as the solver knows?  If not, *last is one past the last at fault. */
static bool completes(struct search *s, size_t count, size_t *last)
{
    for (size_t i = 0; i < count; i++)
        solver_assume(s->e->solver, s->sequence.items[i].literal);
    if (solver_solve(s->e->solver))
        return true;
    for (*last = count; *last; --*last)
        if (solver_failed(s->e->solver, s->sequence.items[*last - 1].literal))
            break;
    return false;
}

static struct atom edge_atom(uint32_t h, uint32_t k, bool negative)
{
    return (struct atom){.kind = ATOM_EDGE, .negative = negative, .at = h, .candidate = k};
}

static bool forbid_circle(struct search *s)
{
    struct circle c = circle_find(s->arena, s->p, s->taken);
    if (!c.count)
        return false;
    VEC(struct atom) atoms = {};
    for (size_t i = 0; i < c.count; i++) {
        *vec_add(s->arena, &atoms) = edge_atom(c.holes[i], s->taken[c.holes[i]], true);
        /* a shared variable speaks of the hole only while its owner is there */
        *vec_add(s->arena, &atoms) = (struct atom){.kind = ATOM_USED, .negative = true, .at = s->p->hole_node[c.holes[i]]};
    }
    encoding_cut(s->e, &(struct cut){.atoms = atoms.items, .atom_count = atoms.count});
    return true;
}

/*
 * The borrowed instance needs an explicit choice inside what is reached: some
 * node reached makes it, or the plan reaches further than now.
 */
static void forbid_unfounded(struct search *s, uint32_t h, uint32_t k)
{
    uint32_t node = problem_hole(s->p, h)->candidates[k].node.at;
    VEC(struct atom) atoms = {};
    *vec_add(s->arena, &atoms) = edge_atom(h, k, true);
    for (uint32_t x = 0; x < s->p->hole_count; x++) {
        const struct hole *hole = problem_hole(s->p, x);
        for (uint32_t j = 0; s->visited[s->p->hole_node[x]] && j < hole->candidate_count; j++) {
            uint32_t to = hole->candidates[j].node.at;
            if (encoding_has(s->e, x, j) && (!s->visited[to] || (to == node && !hole->open)))
                *vec_add(s->arena, &atoms) = edge_atom(x, j, false);
        }
    }
    encoding_cut(s->e, &(struct cut){.atoms = atoms.items, .atom_count = atoms.count});
}

static bool forbid_orphan(struct search *s)
{
    for (size_t i = 0; i < s->decided; i++) {
        const struct position *x = &s->sequence.items[i];
        const struct hole *hole = problem_hole(s->p, x->hole);
        const struct candidate *c = &hole->candidates[x->candidate];
        if (!candidate_borrowed(s->p, hole, c) || s->named[c->node.at])
            continue;
        forbid_unfounded(s, x->hole, x->candidate);
        return true;
    }
    return false;
}

static const struct choices *keep_choices(struct search *s, struct arena *a)
{
    struct choices *c = arena_new(a, struct choices);
    c->taken = arena_memdup(a, s->taken, s->p->hole_count * sizeof *s->taken);
    c->decision_count = s->decided;
    c->decisions = arena_array(a, struct decision, s->decided);
    for (size_t i = 0; i < s->decided; i++)
        c->decisions[i] = (struct decision){s->sequence.items[i].hole, s->sequence.items[i].candidate};
    c->solver_calls = solver_calls(s->e->solver);
    return c;
}

static const struct choices *run(struct search *s, struct arena *a)
{
    extend(s, 0);
    for (;;) {
        /* either adds a clause under which the sequence fails */
        bool valid = s->complete && !forbid_circle(s) && !forbid_orphan(s);
        size_t last;
        if (completes(s, s->decided, &last)) {
            /* not complete means that every candidate of the next requirement was refuted */
            assert(valid);
            return valid ? keep_choices(s, a) : NULL;
        }
        /* the shortest prefix that cannot be completed */
        while (last && !completes(s, last - 1, &last))
            ;
        if (!last)
            return NULL;
        s->sequence.items[last - 1].rank++;
        extend(s, last);
    }
}

const struct choices *decide(struct arena *a, const struct problem *p)
{
    if (!p->alive[0])
        return NULL;
    struct arena *scratch = arena_create();
    size_t nodes = p->graph->node_count;
    struct search s = {
        .arena = scratch,
        .p = p,
        .e = encode(scratch, p, ENCODE_PLAN, NULL, 0),
        .taken = arena_array(scratch, uint32_t, p->hole_count),
        .agreed = arena_array(scratch, uint32_t, p->graph->manifest->signature_count),
        .visited = arena_array(scratch, bool, nodes),
        .named = arena_array(scratch, bool, nodes),
        .queue = arena_array(scratch, uint32_t, nodes),
        .deferred = arena_array(scratch, uint32_t, p->hole_count),
    };
    const struct choices *c = run(&s, a);
    encoding_dispose(s.e);
    arena_destroy(scratch);
    return c;
}
