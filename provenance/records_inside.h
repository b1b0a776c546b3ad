/*
 * records_inside.h - what those who know the database share: the index, opened.
 */
#ifndef PROVENANCE_RECORDS_INSIDE_H
#define PROVENANCE_RECORDS_INSIDE_H

#include "../ukc/base/map.h"
#include "record.h"
#include "sql.h"

struct records {
    struct arena *arena;
    struct sql *db;
    int gate; /* records.lock, or -1 where it cannot be opened (a read-only store) */
    bool read_only;
    const char *store, *path, *objects; /* the directory; the database; the repository */
    struct sql_statement *add_recipe, *find_recipe, *add_record, *find_record, *add_run, *find_run, *count, *add_reproduction, *find_reproduction; /* the last once it is needed */
};

/* reproduced.c: a row for a reproduction, unless it has one; and for all of the log. */
void index_add_reproduction(struct records *, const struct reproduction *, const char *entry);
size_t index_reproductions(struct records *, const struct history *log); /* how many were new */
/* Writers stand in line. */
void records_gate_enter(const struct records *);
void records_gate_leave(const struct records *);

/*
 * Before the log goes on, at the gate: the index learns what a process that died had added to the log alone. Later nobody would
 * notice, because readers compare the newest commit. What cannot be learned now is left to a reindex, which says why.
 */
void records_catch_up(struct records *, struct objects *);

/*
 * Adds to the log and to the index those runs that are not there: all or none.  The records' trees are in the repository; a
 * record says all but `builds` and `other_images`, which are filled.
 */
bool records_add_runs(struct records *, struct objects *, struct record *, size_t count, size_t *added, struct diag *);

/* Adds to the log and to the index what is not in them; the records' trees are in the repository, verified. */
struct records_added {
    size_t runs, reproductions;
};
bool records_add_log(struct records *, struct objects *, const struct history *, struct records_added *, struct diag *);
bool records_count(struct records *, size_t *count, struct diag *);

/* unlogged.c: what the index knows and the log has not; ids are those of the commits that there were. */
bool records_unlogged(struct records *, struct objects *, struct arena *, struct history *, struct diag *);
/* False after reporting (DIAG_INTEGRITY), if there is any.  `what`, in front of the message: what was not done. */
bool records_refuse_unlogged(struct records *, struct objects *, const char *what, struct diag *);
/* The database by itself: false after reporting. */
bool index_is_sound(struct records *, struct diag *);
/* A column that is a hash; false: it is none, and what was there stays. */
bool index_take_hash(struct sql_statement *, int column, struct hash *);
int64_t index_run(struct records *, const struct run *, const char *entry); /* its row; 0: it has none */
bool index_is_behind(struct records *, struct objects *); /* it does not know the log's newest commit */

/* The same of a reproduction: is there a row for it; does it say what the log says?  The second reports. */
bool index_knows_reproduction(struct records *, const struct history_reproduction *);
bool index_agrees_of_reproduction(struct records *, const struct history_reproduction *, struct diag *);

/* Does the index say of this run what the log and the record say?  `commits`: those of the log's runs.  False after reporting. */
struct map index_commits(const struct history *log); /* the caller disposes of it */
bool index_agrees(struct records *, const struct history_entry *, const struct recorded *, const struct map *commits, struct diag *);

#endif
