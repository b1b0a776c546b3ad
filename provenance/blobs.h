/*
 * blobs.h - images and large inputs, as plain files named by their SHA-256.
 *
 *     <store>/blobs/<two digits>/<the other 62>      read-only
 *
 * libgit2 would need more memory than they have bytes.  A file is written aside, synced and renamed: what has its
 * name is whole; what is read is compared with its name all the same.
 */
#ifndef PROVENANCE_BLOBS_H
#define PROVENANCE_BLOBS_H

#include <stdbool.h>
#include <stdint.h>
#include "../ukc/base/diag.h"
#include "../ukc/base/hash.h"

struct arena;

const char *blob_path(struct arena *, const char *store, const struct hash *);
/* All that lies there, sorted by its path: a name of 64 digits is a SHA-256, others are of writers at work, or that died. */
struct blob_listed {
    const char *name, *path;
};
const struct blob_listed *blobs_list(struct arena *, const char *store, size_t *count);
/* What lies there.  Wrong: other bytes, or no file (a link is none).  Unreadable: errno says why. */
enum blob_state { BLOB_RIGHT, BLOB_ABSENT, BLOB_WRONG, BLOB_UNREADABLE };
enum blob_state blob_look(const char *store, const struct hash *);
/* Keeps a copy of `file`, whose SHA-256 is known.  Nothing is done when it is there, and right. */
bool blob_keep(const char *store, const char *file, const struct hash *, struct diag *);
/* The same of the next `size` bytes of an open file, whatever is there; `file` is its name. */
bool blob_take(const char *store, int fd, const char *file, const struct hash *, uint64_t size, struct diag *);
bool blob_is_there(const char *store, const struct hash *, uint64_t size); /* a file of its size */
/* What brings back one that is wrong or gone. */
#define BLOB_REMEDY "'ukc bundle' where it is right, and 'ukc import' here, bring it back"
/* Do the next `size` bytes of an open file have this SHA-256?  False: errno. */
bool blob_check(int fd, uint64_t size, const struct hash *, bool *equal);
/* A copy of it at `to`, which must not exist, verified; false after reporting (absent: DIAG_MISSING; other bytes: DIAG_INTEGRITY). */
bool blob_copy(const char *store, const struct hash *, const char *to, struct diag *);

#endif
