/*
 * verify_inside.h - what verify.c and its parts share.
 *
 * Each reports all damage that it finds; false after reporting.
 */
#ifndef PROVENANCE_VERIFY_INSIDE_H
#define PROVENANCE_VERIFY_INSIDE_H

#include "../ukc/base/arena.h"
#include "../ukc/base/map.h"
#include "records_inside.h"

struct named_blob {
    struct hash sha256;
    const char *what, *help; /* for messages: "an image" */
    bool needed;             /* nothing makes it again, and so it has to be there */
};

struct verification {
    struct arena *a; /* for what lives as long as this */
    struct records *records;
    struct objects *objects;
    bool deep;
    struct map blob_places; /* SHA-256, hex: its place in `blobs` */
    VEC(struct named_blob) blobs;
    struct verified *out;
    struct diag *d;
};

/* verify_blobs.c: a file beside the repository, and who names it; the first who does is said. */
void verify_names_blob(struct verification *, const struct named_blob *);
/* Those that were named, and all that lie there. */
bool verify_blobs(struct verification *);

/* verify_imports.c: sources of refs/ukc/, each file and the SHA-256 of their list; and kept tools, whose files are named. */
bool verify_imports(struct verification *);

#endif
