/*
 * build.h - build the configured image, and know what it is.
 */
#ifndef UKC_BUILD_H
#define UKC_BUILD_H

#include "sizes.h"
#include "../base/hash.h"
#include "../project/project.h"

struct image {
    const char *path; /* relative to the project */
    const char *runs; /* NULL: itself; else a file that ukc seal has made of it */
    uint64_t bytes;
    char sha256[HASH_HEX];
    char record[HASH_HEX]; /* "" when it could not be recorded */
    bool made;             /* by this build */
    /* of a machine: where the image ends in memory, and what it needs and at most takes beside */
    uint64_t end, budget_least, budget_most;
    const struct size_report *report; /* if this build made it, and its bytes can be told */
    struct sizes before, sizes; /* by instance: of the build before, if this one made the image; of the image */
};

/* Runs ninja and records a new image, or that another manifest wanted the same one. False after reporting or when the build failed: then *status says how. */
bool build_image(struct project *, bool quiet, struct image *, int *status);

/* Says what was built, to people or as JSON: see build_summary.c. */
void build_print(struct project *, const struct image *);

/*
 * The inputs of the image as ninja knows them, hashed, and the record made of them; the run as well, unless the record is
 * the one that the image is known to have.
 */
bool record_image(struct project *, struct image *, int64_t started_ms);

/* Reports what compilers have said, or only their errors, with their places; how many. */
size_t compiler_messages(struct project *, const char *said, bool errors_only);

/* What each of these undefined symbols, one a line, means for the manifest. */
void explain_undefined(struct project *, const char *symbols);

/* The same of the first of these headers that were not found. */
void explain_absent_headers(struct project *, const char *headers);

/* Assembly that only the linker found wrong, because it is the one that compiles: where it stands. */
void explain_assembly(struct project *);

/* Inputs that changed without becoming newer, which ninja overlooks: see inputs.c. */
bool inputs_check(struct project *, const char *image, bool quiet);
bool inputs_remember(const struct project *, const char *const *paths, size_t count);
/* Is all as it was when it was remembered: what went into the image, and what was wanted? */
bool inputs_unchanged(struct project *);

/* Removes what compilers that were killed left aside: see aside.c. */
void aside_remove(struct project *, const char *image);

/* Unix time in milliseconds: for the run that a record notes, never for an output. */
int64_t unix_ms(void);
/* Who and where, as runs say it. */
const char *user_name(void);
const char *host_name(struct arena *);

#endif
