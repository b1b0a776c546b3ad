/*
 * budget.h - the memory that a plan's keys speak of.
 *
 * A key's budget is its value times the bytes for each.  What an integer counts is there from the start; a size is a limit up to
 * which memory is taken, and its least value what the component cannot do without.
 */
#ifndef UKC_RESOLVE_BUDGET_H
#define UKC_RESOLVE_BUDGET_H

#include "plan.h"

struct budget {
    const char *path; /* of the key */
    int64_t least, most;
};

struct budgets {
    const struct budget *items; /* in the plan's order */
    size_t count;
    int64_t least, most; /* of all */
};

/* Those that are within another are left out: it has them. */
struct budgets plan_budgets(struct arena *, const struct plan *);
/* Whether what is within a budget fits in, and all of them in what an image can address; false after reporting. */
bool plan_check_budgets(struct arena *, const struct plan *, struct diag *);

#endif
