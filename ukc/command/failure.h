/*
 * failure.h - how a ukc that a build called has failed.
 *
 * Ninja makes every command's failure 1.  So that a build ends with the status that
 * the same mistake has in `ukc configure`, each ukc below it leaves its own in a file.
 */
#ifndef UKC_FAILURE_H
#define UKC_FAILURE_H

#include "project.h"

/* Before ninja: from now on, failures are left in <build>/failure. */
void failure_expect(struct project *);
/* After it: the status of the ukc that failed first, or 0. */
int failure_take(struct project *);
/* At the end of a ukc with this status. */
void failure_leave(int status);

#endif
