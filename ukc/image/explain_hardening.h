/*
 * explain_hardening.h - ukc explain --hardening IMAGE.
 */
#ifndef UKC_EXPLAIN_HARDENING_H
#define UKC_EXPLAIN_HARDENING_H

#include "../project/invocation.h"

/* The exit status. */
int explain_hardening(struct invocation *);

#endif
