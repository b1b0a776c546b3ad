/*
 * sql.h - SQLite, as little of it as records need.
 *
 *     struct sql_statement *s = sql_prepare(db, "SELECT hash FROM recipe WHERE id = ?");
 *     sql_bind_number(s, 1, id);
 *     while (sql_step(s)) use(sql_bytes(s, 0, &n));
 *     if (!sql_reset(s)) return false;
 *
 * A database remembers its first failure: the calls after it do nothing and
 * return false, so that a transaction is checked once, at its end, by
 * sql_report() or sql_ok().
 */
#ifndef PROVENANCE_SQL_H
#define PROVENANCE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../ukc/base/diag.h"

struct sql;
struct sql_statement;

/* Opens or makes the file; a file that cannot be written is opened for reading, and *read_only says so. NULL after reporting. */
[[nodiscard]] struct sql *sql_open(const char *path, bool *read_only, struct diag *);
void sql_close(struct sql *);

bool sql_ok(const struct sql *);
/* Reports the failure, if there is one: damage is DIAG_INTEGRITY, the disk DIAG_OUTSIDE.  Returns sql_ok, and forgets the failure. */
bool sql_report(struct sql *, const char *doing, struct diag *);

void sql_roll_back(struct sql *); /* after a failure; forgets it */

bool sql_run(struct sql *, const char *statements); /* without results */
int64_t sql_pragma(struct sql *, const char *pragma); /* the number it gives */
int64_t sql_last_row(struct sql *);
int64_t sql_changes(struct sql *);

/* Statements live as long as the database; after a failure, one that does nothing is returned. */
struct sql_statement *sql_prepare(struct sql *, const char *text);
void sql_bind_number(struct sql_statement *, int at, int64_t);
void sql_bind_text(struct sql_statement *, int at, const char *); /* NULL binds NULL; borrowed until the reset */
void sql_bind_bytes(struct sql_statement *, int at, const void *, size_t);
bool sql_step(struct sql_statement *); /* is there a row? */
bool sql_reset(struct sql_statement *); /* returns sql_ok */
bool sql_once(struct sql_statement *); /* step to the end, and reset */
int64_t sql_number(struct sql_statement *, int column);
const char *sql_text(struct sql_statement *, int column); /* "" for NULL */
const void *sql_bytes(struct sql_statement *, int column, size_t *);

#endif
