/*
 * unlogged.c - index and log disagree: the log's reference was lost, or is an old one; or the index is damaged.  See record.h.
 */
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "records_inside.h"

#define GONE_SHOWN 10

struct map index_commits(const struct history *log)
{
    struct map ids = {};
    for (size_t i = 0; i < log->run_count; i++)
        map_add(&ids, log->runs[i].id, 1);
    return ids;
}

static struct map all_commits(const struct history *log)
{
    struct map ids = index_commits(log);
    for (size_t i = 0; i < log->reproduction_count; i++)
        map_add(&ids, log->reproductions[i].id, 1);
    return ids;
}

static bool take_id(struct sql_statement *s, int column, char id[OBJECT_HEX])
{
    const char *text = sql_text(s, column);
    if (strlen(text) != OBJECT_HEX - 1)
        return false;
    memcpy(id, text, OBJECT_HEX);
    return true;
}

/* A row of the first schema names no commit, nor contents; one that names only these is in no log, and never was. */
static const char none[OBJECT_HEX] = "0000000000000000000000000000000000000000";

static void take_entry(struct sql_statement *s, int column, char id[OBJECT_HEX])
{
    if (!take_id(s, column, id) || strspn(id, "0123456789abcdef") != OBJECT_HEX - 1)
        memcpy(id, none, OBJECT_HEX);
}

static const char *text_at(struct sql_statement *s, struct arena *a, int column)
{
    return arena_strdup(a, sql_text(s, column));
}

static const struct history_entry *runs_of_index(struct records *r, struct arena *a, size_t *count)
{
    VEC(struct history_entry) list = {};
    struct sql_statement *s = sql_prepare(r->db, "SELECT r.hash, x.entry, r.tree, x.unikernel, x.version, x.project, x.image, x.host, x.user, x.started_ms, x.ended_ms, x.audit"
                                                 " FROM run x JOIN record r ON r.id = x.record WHERE x.entry IS NOT NULL OR r.tree IS NOT NULL ORDER BY x.id");
    while (sql_step(s)) {
        struct history_entry e = {};
        if (!index_take_hash(s, 0, &e.run.record) || !take_id(s, 2, e.tree))
            continue;
        take_entry(s, 1, e.id);
        const char **texts[] = {&e.run.unikernel, &e.run.version, &e.run.project, &e.run.image, &e.run.host, &e.run.user};
        for (int i = 0; i < 6; i++)
            *texts[i] = text_at(s, a, 3 + i);
        e.run.started_ms = sql_number(s, 9);
        e.run.ended_ms = sql_number(s, 10);
        e.run.audit = text_at(s, a, 11);
        *vec_add(a, &list) = e;
    }
    sql_reset(s);
    *count = list.count;
    return list.items;
}

static const struct history_reproduction *reproductions_of_index(struct records *r, struct arena *a, size_t *count)
{
    VEC(struct history_reproduction) list = {};
    struct sql_statement *s = sql_prepare(r->db, "SELECT r.hash, x.entry, r.tree, x.image_sha256, x.version, x.tools, x.host, x.user, x.started_ms, x.ended_ms"
                                                 " FROM reproduction x JOIN record r ON r.id = x.record ORDER BY x.id");
    while (sql_step(s)) {
        struct history_reproduction e = {};
        struct reproduction *p = &e.reproduction;
        if (!index_take_hash(s, 0, &p->record) || !take_id(s, 2, e.tree) || !index_take_hash(s, 3, &p->image))
            continue;
        take_entry(s, 1, e.id);
        const char **texts[] = {&p->version, &p->tools, &p->host, &p->user};
        for (int i = 0; i < 4; i++)
            *texts[i] = text_at(s, a, 4 + i);
        p->started_ms = sql_number(s, 8);
        p->ended_ms = sql_number(s, 9);
        *vec_add(a, &list) = e;
    }
    sql_reset(s);
    *count = list.count;
    return list.items;
}

/* The index is read first: who builds meanwhile adds to the log, and then to the index. */
bool records_unlogged(struct records *r, struct objects *o, struct arena *a, struct history *out, struct diag *d)
{
    struct history log, known = {};
    known.runs = runs_of_index(r, a, &known.run_count);
    known.reproductions = reproductions_of_index(r, a, &known.reproduction_count);
    *out = (struct history){};
    if (!sql_report(r->db, "records cannot be read", d) || !history_read(o, a, &log, d))
        return false;
    struct map ids = all_commits(&log);
    VEC(struct history_entry) runs = {};
    VEC(struct history_reproduction) reproductions = {};
    for (size_t i = 0; i < known.run_count; i++)
        if (map_get(&ids, known.runs[i].id) == MAP_ABSENT)
            *vec_add(a, &runs) = known.runs[i];
    for (size_t i = 0; i < known.reproduction_count; i++)
        if (map_get(&ids, known.reproductions[i].id) == MAP_ABSENT)
            *vec_add(a, &reproductions) = known.reproductions[i];
    map_dispose(&ids);
    *out = (struct history){runs.items, runs.count, reproductions.items, reproductions.count};
    return true;
}

bool records_refuse_unlogged(struct records *r, struct objects *o, const char *what, struct diag *d)
{
    struct arena *a = arena_create();
    struct history h;
    bool good = records_unlogged(r, o, a, &h, d);
    size_t count = h.run_count + h.reproduction_count;
    if (good && count) {
        const char *newest = h.run_count ? h.runs[h.run_count - 1].id : h.reproductions[h.reproduction_count - 1].id;
        good = diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "%sthe log of builds has not all that its index knows: %zu of them, the newest commit %s", what, count, newest);
        diag_help(d, "'ukc store reindex' adds to the log again what is still there of them, and forgets the others");
    }
    arena_destroy(a);
    return good;
}

/* Its record is whole. */
static bool is_there(struct objects *o, const char *tree, const struct hash *record)
{
    struct arena *a = arena_create();
    struct diag *quiet = diag_create();
    struct recorded recorded;
    bool good = recorded_read_facts(o, a, tree, record, &recorded, quiet);
    diag_destroy(quiet);
    arena_destroy(a);
    return good;
}

static void report_gone(const struct history_entry *e, size_t earlier, struct diag *d)
{
    char hex[HASH_HEX];
    hash_hex(&e->run.record, hex);
    if (earlier < GONE_SHOWN)
        diag_fail(d, DIAG_MISSING, SPAN_NONE, "record %.12s, a build of '%s', is in the index and not in the log, and %s", hex, e->run.unikernel,
                  strcmp(e->id, none) == 0 ? "its row names no commit of it" : "its contents are not in the store");
}

bool records_return(struct records *r, struct returned *out, struct diag *d)
{
    struct arena *a = arena_create();
    struct history h = {}, log;
    struct objects *o = objects_open(r->objects, d);
    records_gate_enter(r);
    bool good = o && records_unlogged(r, o, a, &h, d) && history_read(o, a, &log, d);
    size_t unlogged = h.run_count + h.reproduction_count;
    if (good)
        h = history_subtract(a, &h, &log); /* what the log says in another commit it is not told again: the row is wrong */
    struct history_entry *runs = arena_array(a, struct history_entry, h.run_count + 1);
    size_t count = 0;
    *out = (struct returned){.astray = unlogged - h.run_count - h.reproduction_count};
    for (size_t i = 0; good && i < h.run_count; i++)
        if (strcmp(h.runs[i].id, none) != 0 && is_there(o, h.runs[i].tree, &h.runs[i].run.record))
            runs[count++] = h.runs[i];
        else
            report_gone(&h.runs[i], i - count, d);
    good = good && history_add(o, runs, count, d);
    out->returned = count;
    for (size_t i = 0; good && i < h.reproduction_count; i++) {
        const struct history_reproduction *x = &h.reproductions[i];
        char id[OBJECT_HEX];
        if (strcmp(x->id, none) != 0 && is_there(o, x->tree, &x->reproduction.record)) {
            good = history_add_reproduction(o, x->tree, &x->reproduction, id, d);
            out->returned++;
        }
    }
    out->gone = h.run_count + h.reproduction_count - out->returned;
    if (out->gone)
        diag_help(d, "it leaves the index, which is kept beside the new one; 'ukc store pull' or 'ukc import' brings back what another store has");
    records_gate_leave(r);
    if (o)
        objects_close(o);
    arena_destroy(a);
    return good;
}

bool index_is_sound(struct records *r, struct diag *d)
{
    struct sql_statement *s = sql_prepare(r->db, "PRAGMA integrity_check(1)");
    char why[200] = "";
    if (sql_step(s))
        strncpy(why, sql_text(s, 0), sizeof why - 1);
    sql_reset(s);
    if (!sql_report(r->db, "the index cannot be read", d))
        return false;
    if (strcmp(why, "ok") == 0)
        return true;
    diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "the index of records is damaged: %s", why);
    return diag_help(d, "'ukc store reindex' makes it anew");
}

bool records_index_is_right(struct records *r)
{
    struct arena *a = arena_create();
    struct diag *quiet = diag_create();
    struct history log;
    struct objects *o = objects_open(r->objects, quiet);
    bool good = index_is_sound(r, quiet);
    if (o && good && history_read(o, a, &log, quiet)) {
        struct map commits = index_commits(&log);
        for (size_t i = 0; good && i < log.run_count; i++) {
            const struct history_entry *e = &log.runs[i];
            struct recorded recorded;
            good = index_run(r, &e->run, e->id) == 0 || !recorded_read_facts(o, a, e->tree, &e->run.record, &recorded, quiet) || index_agrees(r, e, &recorded, &commits, quiet);
        }
        for (size_t i = 0; good && i < log.reproduction_count; i++)
            good = !index_knows_reproduction(r, &log.reproductions[i]) || index_agrees_of_reproduction(r, &log.reproductions[i], quiet);
        map_dispose(&commits);
    }
    if (o)
        objects_close(o);
    diag_destroy(quiet);
    arena_destroy(a);
    return good;
}

/* The newest commit may be a merge of somebody's. */
static bool knows_newest(struct records *r, struct objects *o, struct arena *a)
{
    const char *bytes, *message, *damage;
    char id[OBJECT_HEX], tree[OBJECT_HEX];
    size_t size;
    struct run run;
    if (objects_reference(o, a, HISTORY_REFERENCE, id, &damage) != OBJECT_OK || objects_read(o, a, id, OBJECT_COMMIT, &bytes, &size, &damage) != OBJECT_OK ||
        !objects_parse_commit(a, bytes, size, tree, &message))
        return true;
    if (run_parse(a, message, strlen(message), &run))
        return index_run(r, &run, id) != 0;
    struct sql_statement *s = sql_prepare(r->db, "SELECT id FROM reproduction WHERE entry = ?");
    sql_bind_text(s, 1, id);
    bool known = sql_step(s) || !string_starts(message, "ukc-reproduction ");
    sql_reset(s);
    return known;
}

bool index_is_behind(struct records *r, struct objects *o)
{
    struct arena *a = arena_create();
    bool behind = !knows_newest(r, o, a);
    arena_destroy(a);
    return behind;
}

bool records_are_behind(struct records *r, struct diag *d)
{
    struct diag *quiet = diag_create();
    struct objects *o = file_exists(r->objects) ? objects_open(r->objects, quiet) : NULL;
    bool behind = o && index_is_behind(r, o);
    if (behind) {
        diag_warning(d, SPAN_NONE, "the log of builds has what its index does not know");
        diag_help(d, "'ukc store reindex' adds it");
    }
    if (o)
        objects_close(o);
    diag_destroy(quiet);
    return behind;
}
