/*
 * path.h - paths of the configuration tree: "stack.tcp.window" is the key
 * "window" of what is reached by the requirements "stack" and "tcp".
 */
#ifndef UKC_RESOLVE_PATH_H
#define UKC_RESOLVE_PATH_H

#include "problem.h"

struct steps {
    const char **names; /* the requirements */
    size_t count;
    const char *key;
};

struct steps steps_split(struct arena *, const char *path);

/*
 * Could the steps lead to the node over any candidates?  From one node, or
 * (from ABSENT) from anywhere, as a suffix on the command line does.
 */
bool steps_may_reach(const struct problem *, uint32_t from, struct steps, uint32_t to);
/* Could any node that they lead to have the key? */
bool steps_may_have_key(const struct problem *, uint32_t from, struct steps);

#endif
