/*
 * read_import.h - what read_import.c and read_tree.c share.
 */
#ifndef UKC_READ_IMPORT_H
#define UKC_READ_IMPORT_H

#include "drafts.h"

/* Two of `letters` at least, the first neither '-', '.' nor '+'; else reports that it is not `what`. */
bool check_spelling(struct reader *, const struct word *, const char *letters, const char *what);

/* A SHA-256, or "?": then one that nothing has.  Else reports. */
bool check_sum(struct reader *, struct word *);

bool read_debian_source(struct reader *, const struct made *, struct import *);
bool read_git(struct reader *, const struct made *, struct import *);

#endif
