/*
 * decide.h - the best choices, or the news that there are none.
 *
 * Requirements are decided breadth-first from the unikernel, in order of
 * their names; open requirements of shared signatures wait until everything
 * that does not depend on them is decided, so that they can share what an
 * explicit choice brought in.  Each takes the first candidate with which the
 * rest can still be completed.
 */
#ifndef UKC_RESOLVE_DECIDE_H
#define UKC_RESOLVE_DECIDE_H

#include "encode.h"

struct decision {
    uint32_t hole, candidate;
};

struct choices {
    uint32_t *taken;            /* by hole: its candidate; ABSENT: the owner is not in the image */
    struct decision *decisions; /* in the order they were made */
    size_t decision_count;
    size_t solver_calls;
};

/* NULL: unsatisfiable.  Reports nothing. */
const struct choices *decide(struct arena *, const struct problem *);

/* cycle.c */

/* Holes whose choices lead around in a circle, or count 0. */
struct circle {
    const uint32_t *holes;
    size_t count;
};
struct circle circle_find(struct arena *, const struct problem *, const uint32_t *taken);

#endif
