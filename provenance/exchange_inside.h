/*
 * exchange_inside.h - what exchange.c, exchange_pull.c and exchange_push.c share: the meeting place, and what both sides have.
 */
#ifndef PROVENANCE_EXCHANGE_INSIDE_H
#define PROVENANCE_EXCHANGE_INSIDE_H

#include "../ukc/base/arena.h"
#include "../ukc/base/map.h"
#include "exchange.h"
#include "records_inside.h"

#define FILES "refs/ukc/files/"
#define PUSH_AGAIN "'ukc store push' from a store that has it whole puts it there"

struct exchange {
    struct arena *a;
    struct records *records;
    const char *remote, *place; /* the meeting place: a repository below the store */
    unsigned patience;
    int lock;
    bool has_log;           /* the remote */
    struct map files;       /* SHA-256 of the large inputs that it has; and "<SHA-256> <id of the blob>" */
    struct map given;       /* SHA-256 of those that were looked at for this push */
    struct objects *theirs; /* the place, to be read; it is not closed */
    const char *said;       /* by git, when a push was refused */
    struct diag *d;
};

/* A tree, and the record that it should be. */
struct given_tree {
    const char *tree;
    struct hash id;
};
typedef VEC(struct given_tree) tree_list;
typedef VEC(const char *) word_list;

/* A fresh place with the remote's log; false after reporting. */
bool exchange_meet(struct exchange *);
/* A reference of the remote comes into the place. */
bool exchange_fetch(struct exchange *, const char *reference);
bool exchange_read_logs(struct exchange *, struct history *ours, struct history *theirs);
/* The trees of a log, each once. */
void exchange_list_trees(struct exchange *, const struct history *, tree_list *);

/* The two ways. */
bool exchange_pull_here(struct exchange *, struct exchanged *);
bool exchange_push_there(struct exchange *, struct exchanged *);

#endif
