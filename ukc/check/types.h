/*
 * types.h - are two types the same, in the eyes of a signature?
 *
 * The left side is always the signature's, the right side the implementation's.
 */
#ifndef UKC_CHECK_TYPES_H
#define UKC_CHECK_TYPES_H

#include "../base/arena.h"
#include "contract.h"
#include "sources.h"

/* Two declarations with matching names whose contents are still to be compared. */
struct declaration_pair {
    const struct declaration *left, *right;
    const struct function *function; /* of the implementation: where the pair was met */
};

struct matching {
    struct arena *arena;
    const struct contract *contract;
    const struct interface *right;
    const char *identifier;   /* of the implementation */
    const char *const *names; /* contract_names in the implementation's words */
    VEC(struct declaration_pair) pairs;
    const struct function *function; /* being compared */

    /* the innermost difference of the last comparison */
    bool differs, only_qualifiers;
    struct type_use left_use, right_use;         /* typedefs looked through */
    struct type_use left_written, right_written; /* as written (not kept when only qualifiers differ) */
    const char *where; /* "parameter 2 of the function pointed to"; "" for the type itself */
    VEC(const char *) steps;
};

/* Start of a comparison: forgets the difference. */
bool types_match(struct matching *, struct type_use left, struct type_use right);
/* As parameters: outer qualifiers do not count, arrays and functions are pointers. */
bool parameters_match(struct matching *, struct type_use left, struct type_use right);
/* `right` is `left`, or `left` with the implementation's identifier in place of the signature's. */
bool names_match(const struct matching *, const char *left, const char *right);
/* The same for enum constants: FOO_X and foo_x may stand for the identifier foo. */
bool constants_match(const struct matching *, const char *left, const char *right);

/* The contents of all pairs, and of those they lead to (layouts.c): false after reporting differences at the right side's places. */
bool layouts_match(struct matching *, struct sources *, struct diag *);

/* For messages, in the arena: what the signature asks for in the implementation's words, and what there is. */
const char *type_expected(const struct matching *, struct type_use left, bool canonical);
const char *type_found(const struct matching *, struct type_use right, bool canonical);
/* After a comparison failed: what a typedef hides, or where in a nested type the difference is, as a note or help. */
void explain_difference(const struct matching *, struct span, struct diag *);

#endif
