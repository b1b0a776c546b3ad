/*
 * explain_record.h - ukc explain --in RECORD FILE.
 */
#ifndef UKC_EXPLAIN_RECORD_H
#define UKC_EXPLAIN_RECORD_H

#include "../project/invocation.h"

/* The exit status. */
int explain_in_record(struct invocation *);

#endif
