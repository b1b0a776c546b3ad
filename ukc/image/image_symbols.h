/*
 * image_symbols.h - the functions and data of an image's file, by the names of its symbol table.
 *
 * The file is not trusted: what does not fit into it is passed over.  An image without a symbol table has none.
 * Names live as long as its bytes.
 */
#ifndef UKC_IMAGE_SYMBOLS_H
#define UKC_IMAGE_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>
#include "../base/arena.h"
#include "../base/diag.h"

struct image_symbol {
    const char *name;
    uint64_t bytes; /* of all with this name: static functions of several files may share one */
};
/* Sorted by name, each once. */
const struct image_symbol *image_symbols(struct arena *, const struct source *image, size_t *count);

#endif
