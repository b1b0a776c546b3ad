/*
 * gitoid.h - inside provenance/: the ids that a git repository with SHA-256 objects gives to contents.
 *
 * So that everything that has a hash here can be checked with git alone:
 *     git init --object-format=sha256 x && git -C x hash-object FILE        a blob
 *     git -C x add --all && git -C x write-tree                             a tree
 * Format: gitformat-objects of git(1), hash-function-transition; of blobs also OmniBOR 0.2, "gitoid:blob:sha256".
 */
#ifndef PROVENANCE_GITOID_H
#define PROVENANCE_GITOID_H

#include <stddef.h>
#include "../ukc/base/hash.h"
#include "objects.h"

struct hash gitoid_blob(const void *bytes, size_t size);

struct gitoid_file {
    const char *path; /* relative; no path is a directory of another */
    enum object_kind kind;
    struct hash blob;
};
/* The tree of these files, which are sorted by path in byte order. */
struct hash gitoid_tree(const struct gitoid_file *files, size_t count);

/* How git sorts the names in a tree: by bytes, a directory's as if it ended with '/', which it does here. */
int git_name_compare(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
