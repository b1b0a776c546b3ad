/*
 * draft.h - a plan while it is made: instances in the order they were found,
 * with their providers, names and keys; plan.h's form is written from it.
 */
#ifndef UKC_RESOLVE_DRAFT_H
#define UKC_RESOLVE_DRAFT_H

#include "decide.h"
#include "path.h"

#define INSTANCES_MAX 4096
#define PATHS_MAX 64 /* of one instance: shared instances in a ladder have 2^depth */

struct key_slot {
    struct plan_key key;
    uint32_t rank;      /* of a value from a manifest: outer is less */
    const char *author; /* the component whose manifest set it */
};

struct draft_instance {
    node_id node;
    uint32_t *provider; /* by hole of the node: index of a draft instance */
    VEC(const char *) paths; /* shortest first */
    const char *name;
    uint32_t depth;
    struct key_slot *keys;
    uint32_t place; /* in start order */
};

struct draft {
    struct arena *arena;
    struct problem *p;
    const struct choices *choices;
    const struct choices *unlocked; /* what would be chosen without the lock; NULL: the same */
    VEC(struct draft_instance) instances; /* 0 is the unikernel */
    const struct target_description *target; /* NULL: the catalogue has none */
    struct key_slot *seals; /* of the target */
    uint32_t *order; /* start order */
    struct diag *diag;
};

static inline const struct node *draft_node(const struct draft *d, size_t i)
{
    return &d->p->graph->nodes[d->instances.items[i].node.at];
}

/* All false after reporting. */
bool draft_instances(struct draft *); /* instances, providers, paths, names */
void draft_order(struct draft *);
bool draft_keys(struct draft *);
/* Do the values of own keys agree with what the choices were made from?  Corrects the problem when not. */
enum own_check { OWN_AGREES, OWN_CHANGED, OWN_FAILED };
enum own_check draft_own_keys(struct draft *);

/* The instance that a path of requirements leads to, or ABSENT. */
uint32_t draft_walk(const struct draft *, uint32_t from, struct steps);

/* why.c */
struct why;
struct why *why_create(struct draft *);
void why_binding(struct why *, uint32_t hole, struct plan_binding *);

#endif
