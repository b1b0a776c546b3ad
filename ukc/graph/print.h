/*
 * print.h - what the printers of the graph share: which candidates the plan took.
 */
#ifndef UKC_GRAPH_PRINT_H
#define UKC_GRAPH_PRINT_H

#include "../base/arena.h"
#include "../resolve/plan.h"

struct printer {
    struct arena *arena;
    const struct graph *graph;
    const struct plan *plan; /* may be NULL */
    const char **labels;     /* by node: "embed@7" */
    const char **places;     /* by node: "embed (ukc.lua:7)" */
    bool *used;              /* by node: in the plan */
    uint32_t **taken;        /* by node, hole: index of the candidate, or UINT32_MAX */
};

struct printer *printer_create(const struct graph *, const struct plan *);
void printer_destroy(struct printer *);
bool printer_taken(const struct printer *, const struct node *, size_t hole, size_t candidate);
/* A declared instance that an open requirement may share. */
bool printer_borrowed(const struct printer *, const struct hole *, const struct candidate *);
/* "target = kvm, net = native"; NULL when no match stands above the candidate */
const char *printer_guards(struct arena *, const struct candidate *);
/* "only for kvm; needs net = native; conflicts with zstd < 1.5"; NULL when there are no limits */
const char *printer_limits(struct arena *, const struct node *);

#endif
