/*
 * build.h - the state of one graph_build, shared by its files.
 */
#ifndef UKC_GRAPH_BUILD_H
#define UKC_GRAPH_BUILD_H

#include "../base/arena.h"
#include "find.h"

typedef VEC(struct candidate) candidate_list;

/* What an open requirement of one signature may take: computed once, used by every hole. */
struct open_list {
    VEC(size_t) offers; /* the catalogue's implementations of it, as indexes, best first */
    bool met;           /* some open requirement asks for it: the offers are nodes */
    candidate_list list;
};

/* The nodes of one declared instance: one for each version that fits its range. */
struct declared {
    bool known;
    uint32_t first, count;
};

struct builder {
    struct arena *arena;
    const struct manifest *manifest;
    struct diag *diag;
    const struct choice *without;
    VEC(struct node) nodes;
    VEC(struct hole *) holes; /* of each node, while they may still change */
    uint32_t *open;           /* implementation -> its open node, or UINT32_MAX */
    struct open_list *lists;  /* by signature */
    VEC(struct declared) declared; /* by instance_decl->id */
};

node_id node_add(struct builder *, const struct component *, const struct instance_decl *);
/* The open node of manifest->implementations[at]. */
node_id node_open(struct builder *, size_t at);

/* Fills the candidates of an explicit choice, reporting what is wrong with it. */
void choice_candidates(struct builder *, const struct component *owner, struct hole *);
/* Finds for every signature what the catalogue offers. */
void offers_index(struct builder *);
/* What any open requirement of the hole's signature may take. */
void open_candidates(struct builder *, struct hole *);
/* After all nodes are known: open requirements of shared signatures may share declared instances. */
void open_candidates_declared(struct builder *);

#endif
