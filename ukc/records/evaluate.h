/*
 * evaluate.h - ukc reproduce --from-manifest: does the recorded manifest still mean the same recipe?
 */
#ifndef UKC_EVALUATE_H
#define UKC_EVALUATE_H

#include "named_record.h"

/* Reports what was found; the caller ends with the diag's status. */
void evaluate_record(struct invocation *, const struct named_record *);

#endif
