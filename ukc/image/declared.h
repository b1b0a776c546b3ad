/*
 * declared.h - where a C file names a function, and where it uses one.
 */
#ifndef UKC_DECLARED_H
#define UKC_DECLARED_H

#include "../base/diag.h"

struct arena;

/* The first "function(" of a file that is in no comment, no literal and no indented line, rather one with a body; SPAN_NONE when there is none, or no such file. */
struct span declared_at(struct arena *, const char *path, const char *function);
/* Where a C file uses a name: the first inside of braces, else the first at all; SPAN_NONE likewise. */
struct span used_at(struct arena *, const char *path, const char *name);

#endif
