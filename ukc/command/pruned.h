/*
 * pruned.h - what each instance would weigh if nothing of it were left out.
 *
 * An instance's units are one module of bitcode before the image is linked (obj/INSTANCE/linked.bc, release). It is linked by itself here, by the same linker, with
 * everything in it that another file could refer to; its bytes are those of its code and its constants, without debug information and tables for unwinding. The image
 * has fewer, for what nobody calls is not in it; or more, where functions of others became part of it.
 *
 * Ownership: in the arena. Errors: false after reporting.
 */
#ifndef UKC_PRUNED_H
#define UKC_PRUNED_H

#include "invocation.h"
#include "../size/size.h"

struct pruned {
    const char *instance;
    uint64_t alone, bytes; /* by itself; in the image */
};
/* Of the image in this directory, what lost most first. */
bool pruned_read(struct invocation *, const char *image, const struct size_report *, const struct pruned **, size_t *count);

static inline uint64_t pruned_bytes(const struct pruned *p)
{
    return p->alone > p->bytes ? p->alone - p->bytes : 0;
}

#endif
