/*
 * reproduced.c - records that were made again: noted in the log, found in the index.  See record.h.
 */
#include <fcntl.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "records_inside.h"

void index_add_reproduction(struct records *r, const struct reproduction *x, const char *entry)
{
    struct sql_statement *s = r->add_reproduction;
    sql_bind_bytes(s, 1, x->record.bytes, HASH_BYTES);
    sql_bind_text(s, 2, entry);
    sql_bind_bytes(s, 3, x->image.bytes, HASH_BYTES);
    sql_bind_text(s, 4, x->version);
    sql_bind_text(s, 5, x->tools);
    sql_bind_text(s, 6, x->host);
    sql_bind_text(s, 7, x->user);
    sql_bind_number(s, 8, x->started_ms);
    sql_bind_number(s, 9, x->ended_ms);
    sql_once(s);
}

size_t index_reproductions(struct records *r, const struct history *log)
{
    size_t added = 0;
    for (size_t i = 0; i < log->reproduction_count; i++) {
        index_add_reproduction(r, &log->reproductions[i].reproduction, log->reproductions[i].id);
        added += sql_changes(r->db) > 0;
    }
    return added;
}

bool record_reproduced(struct records *r, const struct record *record, const struct reproduction *x, struct diag *d)
{
    char entry[OBJECT_HEX];
    if (r->read_only)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written", r->path);
    struct objects *o = objects_open(r->objects, d);
    if (!o)
        return false;
    records_gate_enter(r);
    records_catch_up(r, o);
    bool good = history_add_reproduction(o, record->tree, x, entry, d);
    if (good) {
        index_add_reproduction(r, x, entry);
        good = sql_report(r->db, "the reproduction is in the log, but not in its index", d) || diag_help(d, "'ukc store reindex' adds it");
    }
    records_gate_leave(r);
    objects_close(o);
    return good;
}

enum blob_state record_image_state(const struct records *r, const struct record *record)
{
    return blob_look(r->store, &record->image_sha256);
}

bool record_keep_image(const struct records *r, const struct record *record, const char *file, struct diag *d)
{
    int fd = r->read_only ? -1 : open(file, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && blob_take(r->store, fd, file, &record->image_sha256, record->image_bytes, d);
    if (fd >= 0)
        close(fd);
    return good;
}

/* What the log says of it is in the row, to the last column. */
static bool row_is_there(struct records *r, const struct history_reproduction *e, bool whole)
{
    const struct reproduction *x = &e->reproduction;
    if (!r->find_reproduction)
        r->find_reproduction = sql_prepare(r->db, "SELECT x.id FROM reproduction x JOIN record r ON r.id = x.record WHERE x.entry = ?1 AND (?2 = 0 OR (r.hash = ?3"
                                                  " AND x.image_sha256 = ?4 AND x.version = ?5 AND x.tools = ?6 AND x.host = ?7 AND x.user = ?8"
                                                  " AND x.started_ms = ?9 AND x.ended_ms = ?10))");
    struct sql_statement *s = r->find_reproduction;
    sql_bind_text(s, 1, e->id);
    sql_bind_number(s, 2, whole);
    sql_bind_bytes(s, 3, x->record.bytes, HASH_BYTES);
    sql_bind_bytes(s, 4, x->image.bytes, HASH_BYTES);
    sql_bind_text(s, 5, x->version);
    sql_bind_text(s, 6, x->tools);
    sql_bind_text(s, 7, x->host);
    sql_bind_text(s, 8, x->user);
    sql_bind_number(s, 9, x->started_ms);
    sql_bind_number(s, 10, x->ended_ms);
    bool there = sql_step(s);
    sql_reset(s);
    return there;
}

bool index_knows_reproduction(struct records *r, const struct history_reproduction *e)
{
    return row_is_there(r, e, false);
}

bool index_agrees_of_reproduction(struct records *r, const struct history_reproduction *e, struct diag *d)
{
    char id[HASH_HEX];
    if (row_is_there(r, e, true) || !sql_report(r->db, "the index cannot be read", d))
        return sql_ok(r->db);
    hash_hex(&e->reproduction.record, id);
    diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "the index %s that record %.12s was reproduced (commit %.12s)",
              index_knows_reproduction(r, e) ? "says something else than the log of it," : "does not know", id, e->id);
    return diag_help(d, "'ukc store reindex' adds what is missing, and makes a wrong index anew");
}
