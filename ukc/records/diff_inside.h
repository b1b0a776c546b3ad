/*
 * diff_inside.h - inside ukc/records: two records compared, between who compares (diff_record.c) and who says it (diff_print.c).
 *
 * All of it lives as long as the arena.
 */
#ifndef UKC_DIFF_INSIDE_H
#define UKC_DIFF_INSIDE_H

#include "diff.h"

struct difference {
    const char *name, *a, *b; /* NULL: it is not there */
    const char *place;        /* what the name is of whatever target: its directory without target and tree */
};
struct part {
    const char *name;
    VEC(struct difference) all;
    bool repeats; /* one cause may differ in the same words at many names */
};

struct comparison {
    struct invocation *i;
    struct arena *a;
    const struct record *const *records;
    const struct recorded *const *recorded;
    const char *store;    /* which may have the images; NULL: they are not asked for */
    const char *absent;   /* the record whose image it does not have */
    const char *nameless; /* the record whose image has no symbols */
    bool verbose;
    VEC(struct part) parts;
    const char *cause; /* the first part that differs and may decide bytes */
};

const char *comparison_hash(const struct comparison *, const struct hash *); /* its first digits */

/* `stopped`: the parts after the plan were not compared. */
void comparison_print(const struct comparison *, bool stopped);
void comparison_print_json(const struct comparison *);

#endif
