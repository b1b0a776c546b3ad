/*
 * drafts.h - records that are read before they take their final form; fields.c stores into them.
 */
#ifndef UKC_DRAFTS_H
#define UKC_DRAFTS_H

#include "read.h"

struct key_draft {
    struct key key;
    const struct entry *value, *of; /* default = ..., of = ... */
    const char *phase;
    bool element; /* of a list */
};

struct module_draft {
    struct word name, version;
};

#endif
