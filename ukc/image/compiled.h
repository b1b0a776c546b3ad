/*
 * compiled.h - what was compiled under a name, and who uses it: read from the objects that an image is linked from.
 *
 * Ownership: in the arena.
 */
#ifndef UKC_COMPILED_H
#define UKC_COMPILED_H

#include "../project/project.h"

/* A function or variable that mentions another. */
struct compiled_user {
    const char *name;  /* of C */
    const char *group; /* whose: "http.stack", "+glue" */
};

/* A function or variable that an object has. */
struct compiled {
    const char *group;  /* "http.stack", "+library" */
    const char *object; /* below obj/: "http.stack/tcp.c.o" */
    const char *name;   /* the linker's: "http.stack.tcp_input" */
};

/* Whether the linker's name is this name of C, perhaps behind an instance's label. */
bool compiled_is(const char *linked, const char *symbol);
/* Each of this name of C. */
const struct compiled *compiled_find(struct project *, const char *symbol, size_t *count);
/* Whether a function was compiled into others of the object ("http.stack/tcp.c.o"): its own symbol may be gone from there. */
bool compiled_within(struct project *, const char *object, const char *function);
/* Who mentions it, each once.  False: not known, because its object is none that the linker optimises. */
bool compiled_users(struct project *, const struct compiled *, const struct compiled_user **, size_t *count);

#endif
