/*
 * declare.h - the headers that bind: one for each requirement of an instance,
 * and exports.h, which gives an instance's operations their symbols.
 *
 * Errors: false after reporting that a file could not be written.
 */
#ifndef UKC_CHECK_DECLARE_H
#define UKC_CHECK_DECLARE_H

#include "check.h"
#include "contract.h"

/* Writes gen/<instance>/<requirement>.h. */
bool declare_requirement(struct arena *, const struct layout *, const struct plan *, const struct plan_instance *,
                         const struct plan_binding *, const struct contract *, struct diag *);

/* Writes gen/<instance>/exports.h: the operations ("read", "start", ...) that `header` declares.  header NULL: a unikernel. */
bool declare_exports(struct arena *, const struct layout *, const struct plan_instance *, const char *header,
                     const char *const *operations, size_t count, struct diag *);

/* Removes requirement headers of an earlier configuration from gen/<instance>. */
void declare_prune(struct arena *, const struct layout *, const struct plan_instance *);

#endif
