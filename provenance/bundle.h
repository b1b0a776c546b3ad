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
    size_t records, runs, tools, objects, blobs;
    uint64_t bytes;
    struct hash sha256; /* of the file */
};
struct bundle_with {
    bool images; /* the images themselves */
    bool tools;  /* the compilers and linkers of the records, which must be kept (toolkeep.h) */
};
/* Writes `file` aside, synced, and renames it. */
bool bundle_write(struct records *, const struct record *const *, size_t count, const struct bundle_with *, const char *file, struct bundled *, struct diag *);

struct imported {
    const struct record *records; /* sorted by id, as they are in the store now */
    const bool *present;          /* was it here before? */
    size_t count, runs;           /* runs that were not here */
    size_t tools;                 /* sets of compilers and linkers in the file */
};
/*
 * Adds the file's records to the store, after all of it has been verified: all or none.  Tools come along only if the user wants `tools`: they
 * are programs that `ukc reproduce` will run.
 */
bool bundle_import(struct records *, struct arena *, const char *file, bool tools, struct imported *, struct diag *);

#endif
