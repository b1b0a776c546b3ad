/*
 * graph.h - names resolved, choices still open.
 *
 * The graph holds for one unikernel everything that could become part of an
 * image on any target: nodes, their requirements, and the candidates for
 * each.  It prints itself as text, dot and JSON.
 *
 * A node is a component in a context: the open node of an implementation, or
 * one declared instance.  All open uses of an implementation share its node
 * and so its choices; how many instances they become is the plan's business.
 *
 * Ownership: lives in the arena, borrows from the manifest.
 * Errors: NULL after reporting (unknown names with the nearest one, duplicate names, keys that clash).
 */
#ifndef UKC_GRAPH_H
#define UKC_GRAPH_H

#include "../load/manifest.h"
#include "../base/json.h"

typedef struct {
    uint32_t at;
} node_id;
#define NODE_NONE ((node_id){UINT32_MAX})

/* What a match asks: the target, a key of the component itself, or a deciding key of a signature. */
struct selector {
    const struct choice *match;
    const struct key *key;             /* NULL: the target */
    const struct signature *signature; /* whose deciding key it is; NULL: the component's own, or the target */
    const char *const *values;         /* the cases' values in canonical form; NULL for "default" */
};

/* A candidate below a match holds only while every guard of its chain picks its case. */
struct guard {
    const struct selector *selector;
    size_t at; /* the case */
    const struct guard *outer;
};

struct candidate {
    node_id node;
    struct span span;  /* of the choice that names it; of the component when the requirement is open */
    struct word selector, value; /* of the innermost guard ("default": if no other case fits) */
    const struct guard *guard;   /* NULL: no match stands above it */
    bool explicit;     /* chosen by a manifest */
};

/* One requirement of one node. */
struct hole {
    const struct requirement *requirement;
    const struct signature *signature;
    bool open;   /* no explicit choice: any implementation of the signature */
    const struct choice *choice; /* when not open */
    /*
     * Sorted: the order of cases, else preference (descending), name, version (newest first).
     * An open requirement of a shared signature also lists, last, the declared instances of the
     * graph: it may share one that an explicit choice brings into the image.
     */
    const struct candidate *candidates;
    size_t candidate_count;
};

/* `when` of a component, with the deciding keys found: in the order of component->conditions. */
struct node_condition {
    const struct signature *signature;
    const struct key *key;
    const char *const *values; /* canonical */
};

struct node {
    node_id id;
    const struct component *component;
    const struct instance_decl *instance; /* NULL: the open node */
    const struct hole *holes;             /* in the order of component->requires */
    size_t hole_count;
    const struct node_condition *conditions;
};

struct graph {
    const struct manifest *manifest;
    const struct component *unikernel;
    const struct node *nodes; /* node 0 is the unikernel; all reachable ones, in breadth-first order of sorted names */
    size_t node_count;
};

[[nodiscard]] const struct graph *graph_build(struct arena *, const struct manifest *, const struct component *unikernel, struct diag *);

/* The same, as if `without` (a choice of some component) were not written: what would an open requirement give? */
[[nodiscard]] const struct graph *graph_build_without(struct arena *, const struct manifest *, const struct component *unikernel,
                                                      const struct choice *without, struct diag *);

/* "implementation" or "implementation@line" for a declared instance: stable and unique in the graph */
const char *graph_node_label(struct arena *, const struct graph *, node_id);
/* The same for readers: "implementation (ukc.lua:7)" */
const char *graph_node_place(struct arena *, const struct graph *, node_id);

struct plan;
/* `plan` may be NULL; with it, what is chosen and what is not can be told apart. */
void graph_print_text(const struct graph *, const struct plan *, struct text *);
void graph_print_dot(const struct graph *, const struct plan *, struct text *);
void graph_print_json(const struct graph *, const struct plan *, struct json *);

#endif
