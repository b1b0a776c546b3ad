/*
 * plan.h - every choice made, ordered, hashable.
 *
 * Instances are named by their path: the chain of requirement names from the
 * unikernel ("http.stack").  The unikernel's own instance is named like the
 * unikernel.  An instance with several paths is named by the shortest, then
 * the first in byte order.
 */
#ifndef UKC_PLAN_H
#define UKC_PLAN_H

#include "../graph/graph.h"

typedef struct {
    uint32_t at;
} instance_id;

/* Where a key's value came from. */
enum key_origin { ORIGIN_DEFAULT, ORIGIN_MANIFEST, ORIGIN_FILE, ORIGIN_COMMAND_LINE };

extern const char *const key_origin_texts[]; /* "command line" */

struct plan_key {
    const struct key *key;
    const struct key_value *value; /* NULL only for a boot key without default */
    enum key_origin origin;
    struct span span; /* where the value was written */
};

/* Why this candidate. */
enum plan_reason {
    REASON_EXPLICIT,   /* a manifest chose it */
    REASON_ONLY,       /* nothing else fits */
    REASON_SHARED,     /* the instance that satisfies it elsewhere */
    REASON_LOCKED,     /* ukc.lock holds it */
    REASON_PREFERENCE, /* highest in-tree preference */
    REASON_NAME,       /* first by name and version */
};

extern const char *const plan_reason_texts[]; /* "chosen", "nothing else fits", ... */

struct rejected {
    const struct component *component;
    const char *why; /* a sentence: "only for target kvm", "needs net = native", "conflicts with kv_file" */
    struct span span;
};

struct plan_binding {
    const struct requirement *requirement;
    const struct signature *signature;
    instance_id provider;
    enum plan_reason reason;
    struct span span; /* of the choice or of the requirement */
    const struct rejected *rejected; /* sorted by name */
    size_t rejected_count;
};

struct plan_instance {
    instance_id id;
    const char *name;                /* its path: unique */
    const char *const *paths;        /* sorted; [0] is not necessarily the name; the 64 shortest when there are more */
    size_t path_count;
    node_id node;
    const struct component *component;
    const struct instance_decl *declaration; /* NULL: open */
    const struct plan_binding *bindings;     /* in the order of component->requires */
    size_t binding_count;
    const struct plan_key *keys; /* in the order of component->keys */
    size_t key_count;
};

struct plan {
    const struct graph *graph;
    enum target target;
    const struct plan_instance *instances; /* in start order: providers first, the unikernel last */
    size_t instance_count;
    const struct plan_key *seals; /* of the target, in the order of its seals */
    size_t seal_count;
    const struct plan_key *signature_keys; /* of all signatures used, with their values; sorted by path */
    const char *const *signature_key_paths; /* "stack.net" */
    size_t signature_key_count;
};

const struct plan_instance *plan_find(const struct plan *, const char *path); /* or NULL */
/* NULL: the manifest has no such target. */
const struct target_description *plan_target(const struct plan *);
/* Stable text, also the golden format and what `ukc diff` compares. */
void plan_print_text(const struct plan *, struct text *);
/* The module graph: instances and bindings, for Graphviz. */
void plan_print_dot(const struct plan *, struct text *);
void plan_print_json(const struct plan *, struct json *);

#endif
