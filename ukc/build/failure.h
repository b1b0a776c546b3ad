/*
 * failure.h - how a ukc that a build called has failed.
 *
 * Ninja makes every command's failure 1.  So that a build ends with the status that
 * the same mistake has in `ukc configure`, and --json has the diagnostics, each ukc below it leaves its own in a file:
 * the status, the first error in a line, its diagnostics as JSON Lines.
 */
#ifndef UKC_FAILURE_H
#define UKC_FAILURE_H

#include "../project/project.h"

/* Before ninja: from now on, failures are left in <build>/failure. */
void failure_expect(struct project *);
/* After it: what the ukc that failed first has left. */
struct below failure_take(struct project *);
/* The variable that leads to it, and what such a file may have. */
#define FAILURE_VARIABLE "UKC_FAILURE"
enum { FAILURE_MOST = 1 << 20 };
/* At the end of a ukc with this status: its first error, or NULL, and its diagnostics as JSON Lines. */
void failure_leave(int status, const char *error, const char *diagnostics);

#endif
