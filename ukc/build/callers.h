/*
 * callers.h - who calls a symbol that an image does not have.
 */
#ifndef UKC_CALLERS_H
#define UKC_CALLERS_H

#include <stdbool.h>
#include <stddef.h>
#include "../base/diag.h"

struct arena;

/* One function of a chain, and where in it the next one is called. */
struct caller {
    const char *function; /* of C; of an operation behind its instance: "http.stack.stack_host_listen" */
    const char *path;     /* from the project; NULL for a variable that points to the next */
    unsigned line, column;
};

/*
 * The shortest way to `symbol` from a function whose file `is_wanted`, which comes first.  The file is linked with --emit-relocs; functions that were inlined are
 * found by its debug information.  NULL: there is none.
 */
struct chain {
    const struct caller *callers; /* the last one refers to the symbol */
    size_t count;
    const char *const *above; /* symbols that lead to the first, the nearest first: one with a label tells the instance */
    size_t above_count;
};
const struct chain *callers_find(struct arena *, const char *file, const char *symbol, bool (*is_wanted)(void *context, const char *path),
                                 void *context, struct diag *);

#endif
