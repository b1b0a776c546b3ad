/*
 * sql.c - the only file that knows SQLite (see sql.h).
 */
#include "sql.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../ukc/base/memory.h"
#include "../ukc/base/text.h"

#define BUSY_MS 20000

struct sql_statement {
    struct sql *db;
    sqlite3_stmt *handle; /* NULL after a failure */
    struct sql_statement *next;
};

struct sql {
    sqlite3 *handle;
    char *path;
    struct sql_statement *statements;
    int failure; /* the first one; SQLITE_OK */
    char *message;
};

static void note_failure(struct sql *db, int rc)
{
    if (db->failure != SQLITE_OK || rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return;
    db->failure = rc;
    free(db->message);
    db->message = strdup(db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc));
    if (!db->message)
        memory_exhausted();
}

bool sql_ok(const struct sql *db)
{
    return db->failure == SQLITE_OK;
}

/* The last failure was one of room. */
static bool is_full(struct sql *db)
{
    int reason = db->handle ? sqlite3_system_errno(db->handle) : 0;
    return (db->failure & 0xff) == SQLITE_FULL || ((db->failure & 0xff) == SQLITE_IOERR && (reason == ENOSPC || reason == EDQUOT));
}

bool sql_report(struct sql *db, const char *doing, struct diag *d)
{
    int rc = is_full(db) ? SQLITE_FULL : db->failure & 0xff;
    if (sql_ok(db))
        return true;
    switch (rc) {
    case SQLITE_CORRUPT: case SQLITE_NOTADB: case SQLITE_ERROR: case SQLITE_SCHEMA: case SQLITE_MISMATCH: case SQLITE_CONSTRAINT:
        diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "%s: the database of records '%s' is damaged: %s", doing, db->path, db->message);
        diag_help(d, "'ukc store reindex' sets it aside and makes it anew from the log of builds");
        break;
    case SQLITE_FULL:
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s: the disk of '%s' is full", doing, db->path);
        break;
    case SQLITE_READONLY: case SQLITE_CANTOPEN: case SQLITE_PERM: case SQLITE_AUTH:
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s: '%s' cannot be %s: %s", doing, db->path, access(db->path, F_OK) == 0 && access(db->path, R_OK) == 0 ? "written" : "opened", db->message);
        break;
    case SQLITE_BUSY: case SQLITE_LOCKED:
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s: another process has held '%s' for %d seconds", doing, db->path, BUSY_MS / 1000);
        break;
    default:
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s: '%s': %s", doing, db->path, db->message);
    }
    db->failure = SQLITE_OK;
    return false;
}

static struct sql *make(const char *path)
{
    struct sql *db = calloc(1, sizeof *db);
    if (!db || !(db->path = strdup(path)))
        memory_exhausted();
    return db;
}

/* "file:" with everything that means something in a URI escaped. */
static void uri(struct text *out, const char *path)
{
    text_puts(out, "file:");
    for (; *path; path++)
        if (strchr("%?# ", *path))
            text_printf(out, "%%%02x", (unsigned char)*path);
        else
            text_putc(out, *path);
    text_puts(out, "?immutable=1");
}

/*
 * A file that cannot be written: its readers cannot make the shared-memory file
 * that WAL needs, so SQLite is told that nothing changes it.  What is still
 * only in a write-ahead log (of a killed process) is not seen then.
 */
static int open_read_only(struct sql *db)
{
    struct text name = {};
    uri(&name, db->path);
    int rc = sqlite3_open_v2(text_string(&name), &db->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    text_dispose(&name);
    return rc;
}

static bool is_writable(const char *path)
{
    struct text directory = {};
    const char *slash = strrchr(path, '/');
    text_append(&directory, slash ? path : ".", slash ? (size_t)(slash - path) + (slash == path) : 1);
    bool ok = access(text_string(&directory), W_OK) == 0 && (access(path, F_OK) != 0 || access(path, W_OK) == 0);
    text_dispose(&directory);
    return ok;
}

/* Every connection's; and the file is looked at. */
static bool configure(struct sql *db, const char *first)
{
    if (!sql_ok(db))
        return false;
    sqlite3_extended_result_codes(db->handle, 0);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sql_run(db, first);
    return sql_run(db, "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL; PRAGMA user_version");
}

static void open_for_writing(struct sql *db, const char *first)
{
    note_failure(db, sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));
    configure(db, first);
}

/*
 * On a disk without room for the shared-memory file: a connection that shuts others out needs none, and what it reads, and what makes room, goes on.
 */
static void open_without_room(struct sql *db)
{
    sqlite3_close(db->handle);
    db->handle = NULL;
    db->failure = SQLITE_OK;
    open_for_writing(db, "PRAGMA locking_mode = EXCLUSIVE");
}

struct sql *sql_open(const char *path, bool *read_only, struct diag *d)
{
    struct sql *db = make(path);
    *read_only = !is_writable(path);
    if (*read_only) {
        note_failure(db, open_read_only(db));
        configure(db, "");
    } else {
        open_for_writing(db, "");
        if (is_full(db))
            open_without_room(db);
    }
    if (sql_report(db, "records cannot be opened", d))
        return db;
    sql_close(db);
    return NULL;
}

void sql_close(struct sql *db)
{
    if (!db)
        return;
    for (struct sql_statement *s = db->statements, *next; s; s = next) {
        next = s->next;
        sqlite3_finalize(s->handle);
        free(s);
    }
    sqlite3_close(db->handle);
    free(db->message);
    free(db->path);
    free(db);
}

bool sql_run(struct sql *db, const char *statements)
{
    if (sql_ok(db))
        note_failure(db, sqlite3_exec(db->handle, statements, NULL, NULL, NULL));
    return sql_ok(db);
}

void sql_roll_back(struct sql *db)
{
    if (!sqlite3_get_autocommit(db->handle)) /* some failures have rolled back already */
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    db->failure = SQLITE_OK;
}

int64_t sql_pragma(struct sql *db, const char *pragma)
{
    sqlite3_stmt *s = NULL;
    int64_t value = 0;
    if (!sql_ok(db))
        return 0;
    note_failure(db, sqlite3_prepare_v2(db->handle, pragma, -1, &s, NULL));
    int rc = s ? sqlite3_step(s) : SQLITE_DONE;
    if (rc == SQLITE_ROW)
        value = sqlite3_column_int64(s, 0);
    note_failure(db, rc);
    sqlite3_finalize(s);
    return value;
}

int64_t sql_last_row(struct sql *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t sql_changes(struct sql *db)
{
    return sqlite3_changes64(db->handle);
}

struct sql_statement *sql_prepare(struct sql *db, const char *text)
{
    struct sql_statement *s = calloc(1, sizeof *s);
    if (!s)
        memory_exhausted();
    *s = (struct sql_statement){.db = db, .next = db->statements};
    db->statements = s;
    if (sql_ok(db))
        note_failure(db, sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL));
    return s;
}

void sql_bind_number(struct sql_statement *s, int at, int64_t value)
{
    if (s->handle)
        note_failure(s->db, sqlite3_bind_int64(s->handle, at, value));
}

void sql_bind_text(struct sql_statement *s, int at, const char *value)
{
    if (s->handle)
        note_failure(s->db, sqlite3_bind_text(s->handle, at, value, -1, SQLITE_STATIC));
}

void sql_bind_bytes(struct sql_statement *s, int at, const void *bytes, size_t n)
{
    if (s->handle)
        note_failure(s->db, sqlite3_bind_blob64(s->handle, at, bytes, n, SQLITE_STATIC));
}

bool sql_step(struct sql_statement *s)
{
    if (!s->handle || !sql_ok(s->db))
        return false;
    int rc = sqlite3_step(s->handle);
    note_failure(s->db, rc);
    return rc == SQLITE_ROW;
}

bool sql_reset(struct sql_statement *s)
{
    if (s->handle) {
        sqlite3_reset(s->handle);
        sqlite3_clear_bindings(s->handle);
    }
    return sql_ok(s->db);
}

bool sql_once(struct sql_statement *s)
{
    while (sql_step(s))
        ;
    return sql_reset(s);
}

int64_t sql_number(struct sql_statement *s, int column)
{
    return sqlite3_column_int64(s->handle, column);
}

const char *sql_text(struct sql_statement *s, int column)
{
    const unsigned char *t = sqlite3_column_text(s->handle, column);
    return t ? (const char *)t : "";
}

const void *sql_bytes(struct sql_statement *s, int column, size_t *n)
{
    *n = (size_t)sqlite3_column_bytes(s->handle, column);
    return sqlite3_column_blob(s->handle, column);
}
