/*
 * weights.h - what an instance would weigh if nothing of it were left out.
 *
 * An instance's units are one module of bitcode before the image is linked (obj/INSTANCE/linked.bc, release): each file of it was optimised, not yet all of them
 * together. The linker makes machine code of it by itself, and keeps everything: the size of each function and variable there is its weight. The zeros of .bss, which
 * no file has, weigh nothing, nor does debug information or a table for unwinding.
 *
 * The code generator takes a second for an instance as large as lwIP, so what it said is kept in the user's store, among the results of other actions (provenance/cache.h). The key is
 * the SHA-256 of the module and of the tools.
 *
 * Ownership: in the arena. Errors: false after reporting.
 */
#ifndef UKC_WEIGHTS_H
#define UKC_WEIGHTS_H

#include "../base/diag.h"
#include "../size/size.h"

struct weights {
    const struct size_weight *items; /* those with a name, sorted by it */
    size_t count;
    uint64_t bytes; /* of all, also of constants without a name */
};
/* `tools`: the file that says which tools this build directory uses. */
bool weights_read(struct arena *, const char *module, const char *tools, struct weights *, struct diag *);

#endif
