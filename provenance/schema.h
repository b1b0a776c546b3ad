/*
 * schema.h - the versions of the database of records, and the way from each to the next.
 */
#ifndef PROVENANCE_SCHEMA_H
#define PROVENANCE_SCHEMA_H

#include "sql.h"

struct migration {
    int version;     /* what PRAGMA user_version is after it: 1, 2, 3, ... without gaps */
    const char *why; /* a sentence */
    const char *sql;
};

/* All of them, in order.  A released migration is never edited: a new one is appended. */
extern const struct migration migrations[];
extern const size_t migration_count;

/*
 * Brings the database to the last of `steps`, in one transaction: it is at the old version or at the new one.
 * A database of a newer version is DIAG_INPUT, one that is not ours or has half a schema DIAG_INTEGRITY.
 */
bool schema_migrate(struct sql *, const struct migration *steps, size_t count, bool read_only, struct diag *);

#endif
