/*
 * bindings.h - the edges of a plan with their operations, for check.c.
 */
#ifndef UKC_CHECK_BINDINGS_H
#define UKC_CHECK_BINDINGS_H

#include "check.h"
#include "contract.h"

struct checked_edge bindings_edge(struct arena *, const struct plan *, const struct plan_instance *, const struct plan_binding *,
                                  const struct contract *);

#endif
