/*
 * tar.h - reads a tar stream (POSIX ustar and pax, GNU long names) that nobody vouches for.
 *
 *     struct tar t = {.fd = fd, .limit = bytes};
 *     while ((r = tar_next(&t)) > 0)
 *         if (t.type == TAR_FILE) ... tar_read(&t, buffer, sizeof buffer) until it returns 0
 *
 * Nothing is created on disk.  Names are given relative and clean ("usr/share/x"):
 * an absolute name, "..", an empty part, a malformed header or more than `limit`
 * bytes end the reading with an error.  What to do with links and devices is the
 * caller's decision.
 */
#ifndef PROVENANCE_TAR_H
#define PROVENANCE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAR_PATH 4096

enum tar_type { TAR_FILE, TAR_DIRECTORY, TAR_SYMLINK, TAR_HARDLINK, TAR_DEVICE };

struct tar {
    int fd;         /* set by the caller, as is the limit */
    uint64_t limit; /* of the whole stream, in bytes */

    /* the current entry */
    enum tar_type type;
    uint64_t size;
    bool executable;     /* by its owner */
    char path[TAR_PATH]; /* "" for the root directory itself */
    char link[TAR_PATH]; /* of a link: what it points to, as written; nothing is checked */

    const char *error; /* after -1 */

    uint64_t taken, left, padding; /* private */
    bool named, linked, sized;
    uint64_t pax_size;
};

int tar_next(struct tar *);                          /* 1: an entry; 0: the end; -1: see error */
ssize_t tar_read(struct tar *, void *buf, size_t n); /* bytes of the entry, 0 at its end; -1: see error */
bool tar_is_truncated(const struct tar *);           /* the error is that the stream ended: whoever writes it knows why */

#endif
