/*
 * objects_inside.h - what objects.c, objects_read.c and clone.c share: a repository, opened.
 */
#ifndef PROVENANCE_OBJECTS_INSIDE_H
#define PROVENANCE_OBJECTS_INSIDE_H

#include <git2.h>
#include "objects.h"

struct objects {
    git_repository *repository;
    git_odb *odb;
    char *directory;
    const char *const *roots; /* directories with loose objects: its own, then its alternates' */
    size_t root_count;
    int lock; /* shared with other processes that have it open, or -1 */
    struct known *known; /* files whose ids are known; opened by the first that could be; or NULL */
    bool outside; /* of the read that failed last: the system did not let it be read */
    bool closed; /* nothing is written: objects get an id, and that is all */
    struct object_given *given; /* objects_memory.c; no repository then */
    size_t given_count;
    struct arena *arena;
};

/* An object's bytes, whichever way they were read. */
struct content {
    git_object_t type;
    const char *bytes;
    size_t size;
};

/* Of objects that are at hand. */
struct object_given *find_given(const struct objects *, const git_oid *);
enum object_status read_given(const struct objects *, struct arena *, const git_oid *, struct content *, const char **damage);

/* Settings of libgit2, for the whole process. */
bool libgit2_start(struct diag *);
/* Its last error; the second reports it, after `what`. */
const char *libgit2_error(void);
bool libgit2_failed(struct diag *, const char *what);

#define PACK_ASIDE "pack_new" /* in objects/pack: where a pack is written */

/* A loose object, read and verified without libgit2's reader.  `damage` stays NULL when it is right. */
enum object_status read_loose(struct objects *, struct arena *, const git_oid *, struct content *, const char **damage);
/* By libgit2, when there is no loose one. */
enum object_status read_packed(struct objects *, struct arena *, const git_oid *, struct content *, const char **damage);
/* Where it lies, or would lie. */
const char *loose_path(const struct objects *, struct arena *, size_t root, const git_oid *);

#endif
