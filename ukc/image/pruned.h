/*
 * pruned.h - what was left out of an image, and what it would have weighed.
 *
 * Left out is a function or variable that was compiled for an instance, and of which the image has nothing: nobody calls it, a key is such that nobody does, or it could
 * be computed when the image was made. It would have weighed what it weighs where nothing is left out (weights.h). What a key keeps from being compiled, as `#if` does, has no
 * weight; nor have constants without a name, the C library, of which nothing is looked at that nobody calls, and implementations that were not chosen.
 *
 * Ownership: in the arena. Errors: false after reporting.
 */
#ifndef UKC_PRUNED_H
#define UKC_PRUNED_H

#include "../base/diag.h"
#include "../size/size.h"

/* Of an image that lies where it was built; none where it is of the dev profile, or what it was linked from is gone. */
bool pruned_read(struct arena *, const struct size_report *, struct pruned_list *, struct diag *);

#endif
