/*
 * fresh.h - a directory for work, which the next run removes if this one dies.
 *
 *     $TMPDIR/ukc-<what>-XXXXXX/.lock    held by the process that works there
 *
 * Before one is made, those of dead processes are removed: whose lock nobody holds.  What is kept for the user has none.
 */
#ifndef UKC_FRESH_H
#define UKC_FRESH_H

#include "invocation.h"

struct fresh {
    const char *path; /* absolute; NULL: there is none */
    int lock;
};
bool fresh_make(struct fresh *, struct invocation *, const char *what); /* false after reporting */
void fresh_remove(struct fresh *, struct diag *);
/* It stays, and nobody removes it. */
void fresh_keep(struct fresh *);

#endif
