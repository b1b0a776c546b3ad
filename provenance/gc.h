/*
 * gc.h - what the store has and does not need leaves it.
 *
 * In this order: results of actions, which builds make again, those read longest ago first; what nothing names (remains of builds and imports that were killed); images that can be made again from their records,
 * the ones built longest ago first; and, only if an age or a size is asked for, imported sources, the ones used longest ago first: a
 * manifest that wants them gets them again from where they came.  Records and what they are made of never leave.  Objects are packed.
 *
 * Other processes wait while something is removed (a build, when it is recorded).  A process that is killed leaves a store that is whole: the
 * next run goes on.
 *
 * Errors: false after reporting.  A store that is damaged keeps its objects (DIAG_INTEGRITY, DIAG_MISSING).
 */
#ifndef UKC_GC_H
#define UKC_GC_H

#include "record.h"
#include "store.h"

struct gc {
    bool dry_run;
    bool aged, bounded;
    int64_t age_s;  /* aged: images that were built, and results and sources that were used, less than these seconds ago stay */
    uint64_t bytes; /* bounded: as soon as the whole store has no more, nothing else leaves */
};

struct gc_image {
    const struct record *record; /* the newest that has this image */
    const char *kept;            /* why it stays; NULL: it leaves */
};
struct gc_source {
    const char *reference;
    uint64_t bytes; /* of its working copy */
};
struct collected {
    const struct gc_image *images; /* those whose file is in the store */
    size_t image_count;
    const struct gc_source *sources; /* that leave */
    size_t source_count;
    size_t evicted;  /* images */
    uint64_t image_bytes, source_bytes;
    size_t results; /* of actions (cache.h) */
    uint64_t result_bytes;
    size_t unnamed;  /* files and directories that nothing names */
    uint64_t unnamed_bytes;
    size_t objects;  /* git objects that nothing names */
    size_t packed;   /* loose objects that are in a pack now */
    uint64_t object_bytes; /* freed by both */
    uint64_t before, after; /* bytes of the whole store; after a dry run: what it would be, without packing */
};
bool gc_run(const struct store *, struct records *, struct arena *, const struct gc *, struct collected *, struct diag *);

#endif
