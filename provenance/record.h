/*
 * record.h - what went into each build and what came out.
 *
 * The SQLite database in the store, opened with WAL and migrations
 * (PRAGMA user_version).  A build adds: the recipe (inputs by SHA-256,
 * flags, tools), the image (SHA-256, size), and the run (when, where).
 *
 * Errors: false or NULL after reporting.  A database from a newer ukc is
 * refused with DIAG_INPUT, a damaged one is DIAG_INTEGRITY.
 */
#ifndef UKC_RECORD_H
#define UKC_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../ukc/base/diag.h"
#include "../ukc/base/hash.h"

struct arena;

struct record_input {
    const char *role; /* "manifest", "source", "header", "generated", "embedded", "plan", "tool" */
    const char *path; /* relative to the project, or the tool's name */
    struct hash sha256;
    uint64_t size;
};

struct record {
    struct hash id;     /* computed by record_add: SHA-256 over recipe and image */
    struct hash recipe; /* computed by record_add: over target, profile and inputs in order */
    const char *unikernel, *target, *profile, *version /* of ukc */;
    const struct record_input *inputs; /* sorted by role, path */
    size_t input_count;
    const char *image; /* path when built */
    struct hash image_sha256;
    uint64_t image_bytes;
    /* the run: never part of a hash */
    const char *project, *host, *user;
    int64_t started_ms, ended_ms; /* Unix time */
};

struct records;
[[nodiscard]] struct records *records_open(const char *store_directory, struct diag *);
void records_close(struct records *);

/* Fills id and recipe.  The same record built again adds only a run. */
bool record_add(struct records *, struct record *, struct diag *);
/* Newest first; unikernel and target may be NULL. */
[[nodiscard]] const struct record *record_list(struct records *, struct arena *, const char *unikernel, const char *target,
                                               size_t limit, size_t *count, struct diag *);
/* By unique prefix (8 hex digits or more) of id, recipe or image hash; NULL after reporting (ambiguous: DIAG_USAGE). */
[[nodiscard]] const struct record *record_find(struct records *, struct arena *, const char *prefix, struct diag *);

#endif
