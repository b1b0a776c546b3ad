/*
 * bundle.h - records in one file, for another machine.
 *
 * The file is a tar archive of ordinary files, which tar(1) lists and unpacks; README.md has its grammar.  It holds all from which the
 * records' images can be made again, and the runs: who built them, where and when.  The same records and runs have the
 * same bytes, whichever store they are taken from.
 *
 * Errors: false after reporting.  A file that is not exactly one that bundle_write makes is refused, as is anything in
 * it that belongs to none of its records; then nothing in the store has changed.
 */
#ifndef UKC_BUNDLE_H
#define UKC_BUNDLE_H

#include "record.h"

struct bundled {
    size_t records, runs, objects, blobs;
    uint64_t bytes;
    struct hash sha256; /* of the file */
};
/* Writes `file` aside, synced, and renames it.  With `images` the images themselves are in it. */
bool bundle_write(struct records *, const struct record *const *, size_t count, bool images, const char *file, struct bundled *, struct diag *);

struct imported {
    const struct record *records; /* sorted by id, as they are in the store now */
    const bool *present;          /* was it here before? */
    size_t count, runs;           /* runs that were not here */
};
/* Adds the file's records to the store, after all of it has been verified: all or none. */
bool bundle_import(struct records *, struct arena *, const char *file, struct imported *, struct diag *);

#endif
