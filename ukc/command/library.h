/*
 * library.h - what `ukc library` is made of.
 */
#ifndef UKC_LIBRARY_H
#define UKC_LIBRARY_H

#include "command.h"
#include "../base/text.h"

/* library_archive.c: objects as an archive without an index, which lld does not need. False after reporting. */
bool library_archive(struct arena *, const char *directory, const char *const *objects, size_t count, struct text *out, struct diag *);

#endif
