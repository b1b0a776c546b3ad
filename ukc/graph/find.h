/*
 * find.h - look-ups in a manifest by name.  Expected absence is a value;
 * the require functions report it with the nearest name.
 */
#ifndef UKC_GRAPH_FIND_H
#define UKC_GRAPH_FIND_H

#include "graph.h"

/* All versions of one implementation, newest first: manifest->implementations[first .. first + count). */
struct versions {
    size_t first, count;
};

const struct signature *signature_find(const struct manifest *, const char *name); /* or NULL */
struct versions versions_find(const struct manifest *, const char *name);          /* count 0: there is none */

/* NULL, or count 0, after reporting. */
const struct signature *signature_require(struct arena *, const struct manifest *, struct word name, struct diag *);
struct versions versions_require(struct arena *, const struct manifest *, struct word name, struct diag *);

const struct target_description *target_described(const struct manifest *, enum target);   /* or NULL */
const struct requirement *requirement_find(const struct component *, const char *name); /* or NULL */
const struct key *key_find(const struct key *, size_t count, const char *name);         /* or NULL */
bool component_provides(const struct component *, const char *signature);
/* Is it the catalogue's `embed`, which holds the files of a directory?  Without one, as `embed "DIR"` names it, nothing can be made of it. */
bool component_needs_directory(const struct component *);
/* It is never the answer to a requirement that is left open: embed, and the catalogue's `secret`, for which somebody must have a secret. */
bool component_only_chosen(const struct component *);
/* Whether the component's version is in `range`; a component without a version fits every range that is absent. */
bool component_in_range(const struct component *, struct word range);

/* What is below `match`: finds the key that a word names, seen from a component. */
struct deciding_key {
    const struct signature *signature; /* NULL: the component's own key, or the target */
    const struct key *key;             /* NULL: the target, or nothing was found */
    bool found, target;
};
struct deciding_key deciding_find(struct arena *, const struct manifest *, const struct component *, struct word, bool own,
                                  struct diag *);

#endif
