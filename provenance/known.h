/*
 * known.h - inside provenance/: files whose object ids were computed before, by what stat says of them.
 *
 * A build records hundreds of headers that are those of the build before.  What is known of a file holds as long as device, inode,
 * size and both times are the same, and the object that it became has not been touched either.  A file that was
 * changed in the last seconds is not remembered: it could change again without a change of its times.
 *
 *     <store>/objects/ukc.files    entries as they lie in memory, then their SHA-256: of this machine only, a cache
 *
 * No function fails: what is not known is computed.
 */
#ifndef PROVENANCE_KNOWN_H
#define PROVENANCE_KNOWN_H

#include <git2.h>
#include <stdbool.h>
#include <sys/stat.h>
#include "../ukc/base/hash.h"

struct known;
[[nodiscard]] struct known *known_open(const char *file);
/* Writes the file anew, if there is something new; then frees all. */
void known_close(struct known *);

/* The ids of a file; `object` is its loose object, NULL where it lies in a pack. */
struct known_file {
    git_oid id;
    struct hash blob;
};
bool known_find(const struct known *, const struct stat *, struct known_file *);
/* Is the loose object the one that was there when it was remembered? */
bool known_object(const struct known *, const struct stat *file, const struct stat *object);
/* Asked before the file is read: would a change from now on be seen in its times?  Only then is it added. */
bool known_is_settled(const struct stat *);
void known_add(struct known *, const struct stat *, const struct known_file *, const struct stat *object);

#endif
