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
    /* the run, who, where and when of one build: never part of a hash */
    const char *project, *host, *user;
    int64_t started_ms, ended_ms; /* Unix time */
    /* filled by all three functions below */
    uint64_t builds;       /* how often this record was built */
    uint64_t other_images; /* other images that the same recipe gave: not 0 means that the build is not reproducible */
};

struct records;
[[nodiscard]] struct records *records_open(const char *store_directory, struct diag *);
void records_close(struct records *);

/*
 * Fills id, recipe, builds and other_images; sorts nothing of the caller's.  The same record built again adds only a run.
 * The build does not need it: on false the caller warns and goes on.
 */
bool record_add(struct records *, struct record *, struct diag *);
/* Newest run first, each record once; unikernel and target may be NULL, limit 0 means all.  Without the inputs. */
[[nodiscard]] const struct record *record_list(struct records *, struct arena *, const char *unikernel, const char *target,
                                               size_t limit, size_t *count, struct diag *);
/* By unique prefix (8 hex digits or more) of id, recipe or image hash; NULL after reporting (ambiguous: DIAG_USAGE).  With the inputs. */
[[nodiscard]] const struct record *record_find(struct records *, struct arena *, const char *prefix, struct diag *);

/* The text whose SHA-256 is record->recipe (README.md has its grammar); NULL after reporting that an input is there twice. */
const char *record_recipe_text(struct arena *, const struct record *, size_t *size, struct diag *);

struct text;
struct json;
/* `ukc log`: one line a record, under a heading. */
void record_print_list(const struct record *, size_t count, struct text *);
/* Everything, one fact a line. */
void record_print_text(const struct record *, struct text *);
/* Either, as one object; "inputs" only if they were loaded. */
void record_print_json(const struct record *, struct json *);

#endif
