/*
 * reproduced.c - records that were made again: noted in the log, found in the index.  See record.h.
 */
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
    bool good = history_add_reproduction(o, record->tree, x, entry, d);
    if (good) {
        index_add_reproduction(r, x, entry);
        good = sql_report(r->db, "the reproduction is in the log, but not in its index", d) || diag_help(d, "'ukc store reindex' adds it");
    }
    records_gate_leave(r);
    objects_close(o);
    return good;
}

bool record_image_is_kept(const struct records *r, const struct record *record)
{
    return blob_is_there(r->store, &record->image_sha256, record->image_bytes);
}

bool record_keep_image(const struct records *r, const struct record *record, const char *file, struct diag *d)
{
    return !r->read_only && blob_keep(r->store, file, &record->image_sha256, record->image_bytes, d);
}
