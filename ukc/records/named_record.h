/*
 * named_record.h - the record that a user names, by a hash or by an image's file.
 */
#ifndef UKC_NAMED_RECORD_H
#define UKC_NAMED_RECORD_H

#include "../project/invocation.h"
#include "../../provenance/record.h"
#include "../../provenance/store.h"

struct named_record {
    struct store *store;
    struct records *records;
    const struct record *record;
    bool noted; /* the word is a file that is not the record's image, and has its note */
};

/* The record of a file that has its image's bytes, else of a hash's beginning.  NULL after reporting. */
const struct record *named_record_find(struct invocation *, struct records *, const char *word);
/* The same, with the store.  False after reporting; close either way. */
bool named_record_open(struct named_record *, struct invocation *, const char *word);
void named_record_close(struct named_record *);
/* All of it, as record_read() does; and the index must say of it what it says itself. */
[[nodiscard]] const struct recorded *named_record_read(const struct named_record *, struct invocation *, bool inputs);
/* False after reporting: what -o names is an image that an argument names. */
bool named_record_spare(struct invocation *);
/* Is --output no directory?  Asked before hours of work. */
bool named_record_to_file(struct invocation *);
/* What a record's intent says under this path; NULL: nothing. */
const char *recorded_intent(struct arena *, const struct recorded *, const char *path);

#endif
