/*
 * problem.h - one question to the solver: a graph, a target, values for the
 * deciding keys, the lock's choices, and what is fixed by these alone.
 *
 * Holes are numbered through: hole h belongs to node hole_node[h] and is its
 * hole number h - hole_first[hole_node[h]].
 */
#ifndef UKC_RESOLVE_PROBLEM_H
#define UKC_RESOLVE_PROBLEM_H

#include "../base/arena.h"
#include "resolve.h"

#define ABSENT UINT32_MAX

/* A deciding key of a signature: one value for the image. */
struct deciding {
    const struct signature *signature;
    const char *path; /* "stack.net" */
    struct plan_key key;
};

/* A component's own key that a match asks for, as far as it is known before the plan. */
struct own_value {
    node_id node;
    const struct key *key;
    struct plan_key value;
    const char *instance; /* which instance it was taken from; NULL: a first guess */
};

struct problem {
    struct arena *arena;
    const struct graph *graph;
    const struct resolve_options *options;
    enum target target;
    struct deciding *deciding; /* sorted by path */
    size_t deciding_count;
    VEC(struct own_value) own;

    uint32_t *hole_first, *hole_node;
    uint32_t hole_count;

    const struct lock_choice **lock_line; /* by hole: what the lock says of it, or NULL */
    bool use_lock;

    const struct word *ignored_conflict; /* while repairs are tried */

    bool *alive; /* by node: can be part of an image as far as single requirements tell */
};

/* NULL after reporting a setting whose value is wrong. */
struct problem *problem_create(struct arena *, const struct graph *, const struct resolve_options *, struct diag *);
/* Computes `alive` anew, after target, values, or the graph's choices have changed. */
void problem_settle(struct problem *);

static inline const struct hole *problem_hole(const struct problem *p, uint32_t h)
{
    uint32_t n = p->hole_node[h];
    return &p->graph->nodes[n].holes[h - p->hole_first[n]];
}
static inline size_t signature_index(const struct problem *p, const struct signature *s)
{
    return (size_t)(s - p->graph->manifest->signatures);
}

/* May the node's component be in an image for the target and the values at all? */
enum fitness { FITS, WRONG_TARGET, UNMET_CONDITION };
enum fitness node_fitness(const struct problem *, node_id, size_t *condition);
bool condition_met(const struct problem *, const struct node_condition *, const struct condition *);

/* Does every match above the candidate pick its case? */
bool candidate_guarded_in(const struct problem *, uint32_t hole, const struct candidate *);
/* For an explicit choice: the match none of whose cases is picked.  NULL: some candidate is picked, or there is none. */
const struct selector *hole_undecided(const struct problem *, uint32_t hole);
/* Is its version what the requirement asks for? */
bool candidate_in_range(const struct problem *, uint32_t hole, const struct candidate *);
/* Both, and the node is alive. */
bool candidate_usable(const struct problem *, uint32_t hole, const struct candidate *);

/* The value of a deciding key as text, or NULL. */
const char *deciding_text(const struct problem *, const struct key *);
struct deciding *deciding_of(struct problem *, const struct key *);
/* The value a selector has for a node: a target's name, a key's canonical text, or NULL. */
const char *selector_text(const struct problem *, node_id, const struct selector *);

/* A declared instance offered to an open requirement: only if an explicit choice brings it in. */
static inline bool candidate_borrowed(const struct problem *p, const struct hole *h, const struct candidate *c)
{
    return h->open && p->graph->nodes[c->node.at].instance;
}

/* deciding.c */
bool deciding_collect(struct problem *, struct diag *);
/* own.c: the first guess of every own key that decides */
bool own_collect(struct problem *, struct diag *);
/* locked.c: what the lock says of each hole; several candidates may be of the locked version */
void locked_find(struct problem *);
bool candidate_locked(const struct problem *, uint32_t hole, const struct candidate *);

#endif
