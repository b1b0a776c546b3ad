/*
 * gc_inside.h - what gc.c and gc_sources.c share.
 */
#ifndef PROVENANCE_GC_INSIDE_H
#define PROVENANCE_GC_INSIDE_H

#include "../ukc/base/arena.h"
#include "gc.h"
#include "objects_tidy.h"

/* What was written within an hour may be of a process that still runs. */
#define GC_GRACE_SECONDS 3600

struct collecting {
    struct arena *a;
    const struct gc *want;
    const char *store; /* its directory */
    struct records *records;
    struct objects *objects; /* opened alone */
    int64_t now;    /* Unix time in seconds */
    uint64_t size;  /* of the store, as it is or would be */
    struct collected *out;
    struct diag *d;
};

/* Bytes of all files below; *newest, if asked for: when the last of them was written. */
uint64_t gc_size(const char *path, int64_t *newest);
/* Is the store still larger than it should be?  Without a bound: always. */
bool gc_goes_on(const struct collecting *);
/* Removes a file or a directory that nothing names, if it is old enough. */
bool gc_remove_unnamed(struct collecting *, const char *path);
/* gc_sources.c: imports, and working copies that none of them has.  `references`: those that leave, sorted. */
bool gc_sources(struct collecting *, const char *const **references, size_t *count);

#endif
