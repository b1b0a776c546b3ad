/*
 * explain.h - why there is no plan, in the words of the manifests.
 */
#ifndef UKC_RESOLVE_EXPLAIN_H
#define UKC_RESOLVE_EXPLAIN_H

#include "decide.h"

/*
 * Reports an error, the conflicting facts as notes, repairs as help.
 * `unlocked`: the choices that hold without the lock; NULL when there are none.
 */
void explain_failure(struct problem *, const struct choices *unlocked, struct diag *);

/* An irreducible set of facts that cannot hold together: without any one of them there is a plan. */
struct conflict_set {
    const struct fact *facts;
    size_t count;
    bool irreducible; /* false: the search was cut short */
};
struct conflict_set conflict_find(struct arena *, const struct problem *);
/* The same without a solver where single requirements tell; count 0: they do not.  Leaves the lock out. */
struct conflict_set dead_end_find(struct arena *, const struct problem *);

/* sentence.c */
void sentence_report(struct problem *, const struct conflict_set *, const struct choices *unlocked, struct diag *);
/* True after reporting, instead of all that, the one fact that a key which decides has no value. */
bool sentence_no_value(struct problem *, const struct conflict_set *, struct diag *);
/* repair.c */
/* "set it", for each key that decides and has no value. */
void repair_set(struct problem *, const struct conflict_set *, struct diag *);
void repair_suggest(struct problem *, const struct conflict_set *, const struct choices *unlocked, struct diag *);

#endif
