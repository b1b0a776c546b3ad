/*
 * history.h - inside provenance/: the builds, as commits of the store's repository.
 *
 * refs/ukc/log names the newest.  A commit is a run: its author and time say who built when, its message
 * (README.md has the grammar) the rest, its tree is the record:
 *
 *     record, recipe, tools          canonical texts
 *     actions/, outputs/             a text for each group
 *     inputs/                        what the actions read
 *     intent/                        what was wanted
 *
 * So `git log refs/ukc/log`, `git show`, `git fsck` and `git push` work on it.  Commits are only added.  A run
 * is what its message says: two logs have a union (exchange.h).
 */
#ifndef PROVENANCE_HISTORY_H
#define PROVENANCE_HISTORY_H

#include <stdint.h>
#include "objects.h"

struct text;

#define HISTORY_REFERENCE "refs/ukc/log"

struct run {
    struct hash record;
    const char *unikernel, *version /* of ukc */, *project, *image /* path */, *host, *user;
    int64_t started_ms, ended_ms; /* Unix time */
    /* "complete": every file that the actions read is in the record, or is the host's runtime; "none: ...": why nobody looked.  "": of an ukc that never did. */
    const char *audit;
};

/* A record's actions, run again: what image they gave, and where.  Also a commit with the record as its tree. */
struct reproduction {
    struct hash record, image; /* the image's SHA-256: of an identical one that of the record */
    const char *version /* of ukc */, *tools /* "recorded", "host" */, *host, *user;
    int64_t started_ms, ended_ms;
};

struct history_entry {
    char id[OBJECT_HEX], tree[OBJECT_HEX];
    struct run run;
};
struct history_reproduction {
    char id[OBJECT_HEX], tree[OBJECT_HEX];
    struct reproduction reproduction;
};

/*
 * Adds runs, of records whose trees are in the repository, in this order: all or none.  Fills the ids.  The caller keeps others from
 * adding at the same time; a program that did so all the same is DIAG_OUTSIDE.
 */
bool history_add(struct objects *, struct history_entry *, size_t count, struct diag *);
bool history_add_reproduction(struct objects *, const char *tree, const struct reproduction *, char id[OBJECT_HEX], struct diag *);

/* As canonical texts: a commit's message. */
void run_text(const struct run *, struct text *);
void reproduction_text(const struct reproduction *, struct text *);
bool run_parse(struct arena *, const void *bytes, size_t size, struct run *);

/* A log, or a part of one. */
struct history {
    const struct history_entry *runs;
    size_t run_count;
    const struct history_reproduction *reproductions;
    size_t reproduction_count;
};

/*
 * Every run and every reproduction, each once, the newest of a line of commits last.  Damage is DIAG_INTEGRITY and names the commit; no
 * log is no entries.
 */
bool history_read(struct objects *, struct arena *, struct history *, struct diag *);

/* What `from` says and `to` does not, each once, in the order of `from`: two commits with one message are one entry. */
struct history history_subtract(struct arena *, const struct history *from, const struct history *to);

#endif
