/*
 * objects.h - the bare git repository that holds sources.
 *
 * Files are blobs, directories are trees (all files with mode 100644), and
 * what was imported is a commit under refs/ukc/: so git log, git ls-tree, git
 * fsck and git gc work on the store as on any repository.
 *
 * A loose object is read by this module itself, bounded and verified against
 * its SHA-1, never by libgit2: libgit2 1.5.1 does not return from a truncated
 * one.  libgit2 reads packed objects, references, and writes.
 * SHA-1 is only an address: callers verify contents by SHA-256.
 *
 * Errors: false or NULL after reporting, DIAG_OUTSIDE (disk) or DIAG_INTEGRITY.
 */
#ifndef PROVENANCE_OBJECTS_H
#define PROVENANCE_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include "../ukc/base/diag.h"

#define OBJECT_HEX 41 /* of a git object id, with the NUL */
#define OBJECT_LIMIT ((size_t)256 << 20) /* bytes in one object */

struct arena;
struct objects;

/* Opens the repository, making it when it is not there (or only half there).  The caller holds the store's lock. */
[[nodiscard]] struct objects *objects_open(const char *directory, struct diag *);
void objects_close(struct objects *);

/* Stores the files `paths` (sorted, relative) found below `root`; gives the id of their tree. */
bool objects_write_tree(struct objects *, const char *root, const char *const *paths, size_t count, char tree[OBJECT_HEX],
                        struct diag *);
/* Makes `reference` name a commit of `tree` with this message.  No author, no time: the same facts give the same commit. */
bool objects_name_tree(struct objects *, const char *reference, const char *tree, const char *message, struct diag *);
bool objects_reference_is_valid(const char *reference);

enum object_status { OBJECT_OK, OBJECT_ABSENT, OBJECT_DAMAGED };

/* Reads report nothing: damage is described in a sentence, because what to do about it is the caller's question. */
enum object_status objects_find(struct objects *, struct arena *, const char *reference, char tree[OBJECT_HEX],
                                const char **message, const char **damage);

struct object_file {
    const char *path; /* relative to the tree */
    const char *bytes;
    size_t size;
};
/* All files of a tree, in the order of their paths in git.  `damage` says which object is wrong and how. */
enum object_status objects_read_tree(struct objects *, struct arena *, const char *tree, const struct object_file **files,
                                     size_t *count, const char **damage);

#endif
