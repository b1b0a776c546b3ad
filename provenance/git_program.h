/*
 * git_program.h - inside provenance/: the user's git, for what lies behind an address.
 *
 * git and not libgit2: it knows the user's keys, proxies and credential helpers, checks what it receives (fsckObjects), and when a
 * hostile server kills it, it is not ukc that dies.
 */
#ifndef PROVENANCE_GIT_PROGRAM_H
#define PROVENANCE_GIT_PROGRAM_H

#include <stdbool.h>
#include "../ukc/base/diag.h"

struct arena;
struct text;

/*
 * Runs git with these words (NULL at the end) in `directory`.  Its status; or -1 after reporting that it cannot be started, or that a remote from
 * which nothing came for `patience` seconds (0: for ever) was given up.
 */
int git_run(struct arena *, const char *directory, const char *const *words, unsigned patience, struct text *out, struct text *err, struct diag *);
/* Reports what git said when it failed: the lines that are worth it.  False. */
bool git_failed(const char *what, const struct text *err, struct diag *);

#endif
