/*
 * objects_tidy.h - inside provenance/: the store's repository, without what nothing names, and packed.
 *
 * Everything that a reference leads to stays.  It is gathered in a pack, by libgit2; only when the pack is there, synced and indexed, its
 * loose objects leave, so that a process that is killed leaves an object twice at most.  git fsck is content before and after.
 */
#ifndef PROVENANCE_OBJECTS_TIDY_H
#define PROVENANCE_OBJECTS_TIDY_H

#include "objects.h"

/*
 * Opens it when no other process has it open; others wait until it is closed.  In use for longer than `seconds`: DIAG_OUTSIDE.
 */
[[nodiscard]] struct objects *objects_open_alone(const char *directory, unsigned seconds, struct diag *);

/* Names of all references, sorted; NULL after reporting. */
[[nodiscard]] const char *const *objects_references(struct objects *, struct arena *, size_t *count, struct diag *);
bool objects_remove_reference(struct objects *, const char *reference, struct diag *);

struct tidying {
    bool dry_run;               /* only counts */
    const char *const *without; /* references that are taken for removed; sorted */
    size_t without_count;
    int64_t before;             /* Unix time in seconds: a loose object that was written later stays, its builder may still need it */
};
struct tidied {
    size_t removed, packed; /* objects that nothing names; objects that were loose and are packed now */
    uint64_t removed_bytes; /* of loose ones, and of packs that were written anew */
    uint64_t freed;         /* less by the new pack; 0 when that is larger */
};
/* For a repository that was opened alone.  Without room for a pack only what nothing names is removed, and a warning says so.  Damage is DIAG_INTEGRITY, an object that is not there DIAG_MISSING; then nothing was removed. */
bool objects_tidy(struct objects *, const struct tidying *, struct tidied *, struct diag *);

#endif
