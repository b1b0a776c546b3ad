/*
 * resolve.h - choose one implementation for every requirement.
 *
 * resolve() turns a graph with open choices into a plan with none.  Choices
 * are encoded as clauses for a SAT solver, each with the reason it exists, so
 * that failure is explained in the words of the manifests.
 *
 * The best plan is the lexicographically first by: explicit choice, lock,
 * in-tree preference, name, newest version; requirements are decided
 * breadth-first from the unikernel, in order of their names.  An open
 * requirement of a shared signature is decided after all that do not depend
 * on it, and first tries what an explicit choice has brought in by then.
 *
 * All open requirements of a shared signature take the same provider.  What a
 * manifest names with a plain implementation name for a shared signature is
 * that implementation's one shared instance; two of them are declared with
 * `instance`.
 *
 * Ownership: the plan lives in `a` and borrows from the graph.
 * Errors: NULL after reporting; an unsatisfiable graph gives an irreducible
 * set of conflicting facts as notes with places, and what would repair it.
 */
#ifndef UKC_RESOLVE_H
#define UKC_RESOLVE_H

#include "lock.h"
#include "plan.h"

struct resolve_options {
    enum target target;
    const struct setting *command_line; /* --set, in order: later wins */
    size_t command_line_count;
    const struct setting *file; /* --config FILE; same, weaker */
    size_t file_count;
    const struct lock *lock; /* may be NULL */
    bool update; /* true: the lock is ignored; false: a locked choice that cannot hold is an error */
};

[[nodiscard]] const struct plan *resolve(struct arena *, const struct graph *, const struct resolve_options *, struct diag *);

#endif
