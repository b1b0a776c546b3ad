/*
 * diff.h - inside ukc/records: what two sides do not share.
 */
#ifndef UKC_DIFF_H
#define UKC_DIFF_H

#include "named_record.h"

struct json;
struct text;

/* Of the stable texts of two plans.  How many differences there are. */
size_t diff_plans_text(struct arena *, const char *const text[2], struct text *);
/* The same as members of an object that the caller opened. */
void diff_plans_json(struct arena *, const char *const text[2], struct json *);

/* Of two records: from what was wanted to the bytes, and to functions as far as `store` has the images. */
void diff_records(struct invocation *, const char *store, const struct record *const records[2], const struct recorded *const recorded[2]);

/* The first part that differs and may decide bytes, and, a line each, the first few differences in it; NULL: none does. */
const char *diff_records_first(struct invocation *, const struct record *const records[2], const struct recorded *const recorded[2],
                               struct text *differences);

#endif
