/*
 * record.h - the records of this store: adding them, finding them.
 *
 * The log of builds in the store's repository (history.h) is the truth.  An SQLite database beside it, opened
 * with WAL and migrations (PRAGMA user_version), is its index: it finds records by hash, name and target, and can
 * be made again from the log.
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
#include "blobs.h"
#include "history.h"
#include "recorded.h"

struct arena;

/* A record, and its newest run. */
struct record {
    struct hash id, recipe;
    const char *tree; /* of the store's repository, hex; NULL: made by an ukc that kept no contents */
    const char *target, *profile;
    struct hash image_sha256;
    uint64_t image_bytes;
    struct run run;
    uint64_t builds;       /* how often this record was built */
    uint64_t other_images; /* other images that the same recipe gave: not 0 means that the build is not reproducible */
    uint64_t other_records; /* of the same image, which came out of another recipe, or was wanted otherwise; of a record that was found or listed */
    uint64_t reproduced, differed; /* how often it was made again, and the image was the same, or another */
    int64_t reproduced_ms;         /* when it was the same for the last time; 0: never */
};

struct records;
[[nodiscard]] struct records *records_open(const char *store_directory, struct diag *);
void records_close(struct records *);

/*
 * Records a build: its contents, a run in the log, its row in the index, and a copy of the image (`file`).  The same record
 * built again adds only a run.  `out`, without its strings, says what it is.
 * The build does not need it: on false the caller warns and goes on.
 */
bool record_add(struct records *, const struct recording *, const struct run *, const char *file, struct record *out, struct diag *);
/* Keeps only the contents, of which no run speaks: `tree` is where they are. */
bool record_keep(struct records *, const struct recording *, char tree[OBJECT_HEX], struct record *out, struct diag *);
/* Newest run first, each record once; unikernel and target may be NULL, limit 0 means all. */
[[nodiscard]] const struct record *record_list(struct records *, struct arena *, const char *unikernel, const char *target,
                                               size_t limit, size_t *count, struct diag *);
/* By unique prefix (8 hex digits or more) of id, recipe or image hash; NULL after reporting (ambiguous: DIAG_USAGE). */
[[nodiscard]] const struct record *record_find(struct records *, struct arena *, const char *prefix, struct diag *);
/* All runs of a record, the oldest first. */
[[nodiscard]] const struct record *record_runs(struct records *, struct arena *, const struct hash *id, size_t *count, struct diag *);
/* All of it.  A record without contents is DIAG_MISSING. */
[[nodiscard]] const struct recorded *record_read(struct records *, struct arena *, const struct record *, bool inputs, struct diag *);

/* Of a record without contents: the inputs of which only the hashes were kept, sorted by path as they were built. */
[[nodiscard]] const struct action_output *record_old_inputs(struct records *, struct arena *, const struct record *, size_t *count, struct diag *);

/* The image's own file, which is read.  It may have left the store (gc.h): the record makes it again. */
enum blob_state record_image_state(const struct records *, const struct record *);
/* Keeps a copy of the image, in place of one that is there. */
bool record_keep_image(const struct records *, const struct record *, const char *file, struct diag *);

/* Notes that the record was made again, in the log and in the index. */
bool record_reproduced(struct records *, const struct record *, const struct reproduction *, struct diag *);

/* Adds to the index what is in the log and not in it.  *added: how many runs. */
bool records_reindex(struct records *, size_t *added, struct diag *);
/*
 * Adds to the log again what only the index knows, if its contents are still there: where the log's reference was lost, or is an old one.  The index
 * is wrong then, and has to be made anew.
 */
struct returned {
    size_t returned, gone;
    size_t astray; /* rows of what the log has, under another commit than theirs */
};
bool records_return(struct records *, struct returned *, struct diag *);
/* Is it sound, and does it say of the runs that it knows what the log says? */
bool records_index_is_right(struct records *);
/* Warns if the log's newest run is not in the index. */
bool records_are_behind(struct records *, struct diag *);

/*
 * Compares every record of the log with its hashes, and with its row in the index; `deep`: their inputs and images, imported sources,
 * kept tools and each file beside the repository as well.  All damage is reported, not only the first.
 */
struct verified {
    size_t runs, records;
    size_t imports, tools, files; /* deep */
};
bool records_verify(struct records *, bool deep, struct verified *, struct diag *);

struct text;
struct json;
/* `ukc log`: one line a record, under a heading. */
void record_print_list(const struct record *, size_t count, struct text *);
/* What the index knows of one, one fact a line. */
void record_print_text(const struct record *, struct text *);
/* The same as members of an object that the caller opened. */
void record_print_json(const struct record *, struct json *);

#endif
