/*
 * conflict.h - an entry of `conflicts`: "name" or "name < 2".
 */
#ifndef UKC_RESOLVE_CONFLICT_H
#define UKC_RESOLVE_CONFLICT_H

#include "../base/arena.h"
#include "../load/manifest.h"

struct conflict {
    const char *name;
    struct word range;
};

struct conflict conflict_parse(struct arena *, const char *text);
bool conflict_hits(const struct conflict *, const struct component *);

#endif
