/*
 * explain.c - find the conflicting facts, tell them, suggest repairs.
 */
#include "explain.h"

void explain_failure(struct problem *p, const struct choices *unlocked, struct diag *d)
{
    struct conflict_set set = conflict_find(p->arena, p);
    if (!set.count) {
        diag_error(d, p->graph->unikernel->span, "'%s' cannot be built for target %s: its requirements cannot be met",
                   p->graph->unikernel->name.text, target_names[p->target]);
        return;
    }
    if (sentence_no_value(p, &set, d)) {
        repair_set(p, &set, d);
        return;
    }
    sentence_report(p, &set, unlocked, d);
    repair_set(p, &set, d);
    repair_suggest(p, &set, unlocked, d);
}
