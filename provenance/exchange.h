/*
 * exchange.h - logs of builds are shared through a git repository: a directory, ssh, https, whatever git reaches.
 *
 * What is shared are runs and reproductions with their records; two logs together are their union, so that order does not matter and nothing
 * conflicts.  In the remote the log is refs/ukc/log as in a store; inputs of more than 16 MiB are blobs, refs/ukc/files/<sha256>.
 *
 * Errors: false after reporting: git, the network, the disk are DIAG_OUTSIDE, what is not what it says DIAG_INTEGRITY; then neither log has
 * changed.
 */
#ifndef UKC_EXCHANGE_H
#define UKC_EXCHANGE_H

#include "record.h"

#define EXCHANGE_PATIENCE 120 /* seconds, unless the user says otherwise */

struct exchanged {
    size_t records, runs, reproductions; /* that were not there */
};
/*
 * `patience`: a remote from which nothing comes for so many seconds is given up.
 * Takes what the remote has and this store has not, each record verified before it is added.
 */
bool exchange_pull(struct records *, const char *remote, unsigned patience, struct exchanged *, struct diag *);
/* Gives what this store has and the remote has not; nothing (DIAG_INTEGRITY) while the index knows of builds that the log has lost.  When another pushes at the same time, it is tried again on top of that. */
bool exchange_push(struct records *, const char *remote, unsigned patience, struct exchanged *, struct diag *);

#endif
