/*
 * rebuildable.h - could a record's image be made again, here and now?
 */
#ifndef PROVENANCE_REBUILDABLE_H
#define PROVENANCE_REBUILDABLE_H

#include "record.h"

/* Programs that the record's actions run, sorted, each once. */
const char *const *recorded_programs(struct arena *, const struct recorded *, size_t *count);
/*
 * The record's files of the host that this one does not have, or has with other contents: their places in `host`.
 */
const uint32_t *recorded_host_differences(struct arena *, const struct recorded *, size_t *count);

/*
 * NULL: everything is there and right: contents, large inputs, tools, and files of the host; and nothing says that it would come out
 * different.  Else why not, in a few words.
 */
const char *why_not_rebuildable(struct objects *, const char *store, const struct record *);

#endif
