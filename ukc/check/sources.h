/*
 * sources.h - the text behind a model's places, read when a diagnostic needs it.
 */
#ifndef UKC_CHECK_SOURCES_H
#define UKC_CHECK_SOURCES_H

#include "../base/diag.h"
#include "model.h"

struct arena;

struct sources {
    struct arena *arena;
    const struct source **items;
    size_t count, capacity;
};

/* line 0: the file as a whole.  A file that cannot be read still has its name. */
struct span sources_span(struct sources *, const char *path, uint32_t line, uint32_t column, uint32_t length);
struct span sources_place(struct sources *, const struct interface *, struct place);

#endif
