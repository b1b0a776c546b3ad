/*
 * record.c - the index of records (see record.h).
 *
 * The contents and the log come first, then the row: what dies between them is
 * found by a reindex.  An add is one transaction.  What is there already (the
 * recipe, the record) is not written again, so that a build repeated a hundred
 * times costs a hundred rows of `run`.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "records_inside.h"
#include "schema.h"

static void prepare(struct records *r)
{
    struct sql *db = r->db;
    r->add_recipe = sql_prepare(db, "INSERT INTO recipe (hash, target, profile) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    r->find_recipe = sql_prepare(db, "SELECT id FROM recipe WHERE hash = ?");
    r->add_record = sql_prepare(db, "INSERT INTO record (hash, recipe, image_sha256, image_bytes, tree) VALUES (?, ?, ?, ?, ?)"
                                    " ON CONFLICT DO NOTHING");
    r->find_record = sql_prepare(db, "SELECT id FROM record WHERE hash = ?");
    r->add_run = sql_prepare(db, "INSERT INTO run (record, unikernel, version, project, image, host, user, started_ms, ended_ms, entry, audit)"
                                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    r->add_reproduction =
        sql_prepare(db, "INSERT INTO reproduction (record, entry, image_sha256, version, tools, host, user, started_ms, ended_ms)"
                        " SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM record WHERE hash = ?1 ON CONFLICT DO NOTHING");
    r->find_run = sql_prepare(db, "SELECT id FROM run WHERE entry = ?10 UNION ALL SELECT x.id FROM run x JOIN record r ON r.id = x.record"
                                  " WHERE r.hash = ?1 AND x.unikernel = ?2 AND x.version = ?3 AND x.project = ?4 AND x.image = ?5 AND x.host = ?6"
                                  " AND x.user = ?7 AND x.started_ms = ?8 AND x.ended_ms = ?9 LIMIT 1");
    r->count = sql_prepare(db, "SELECT (SELECT count(*) FROM run WHERE record = ?1), (SELECT count(DISTINCT image_sha256) FROM record"
                               " WHERE recipe = ?2) - 1");
}

/*
 * Writers stand in line: SQLite's own waiting is without order, so that one of
 * many processes can wait for ever, and a change of the journal mode does not
 * wait at all.  The lock ends with the process that holds it.
 */
void records_gate_enter(const struct records *r)
{
    while (r->gate >= 0 && flock(r->gate, LOCK_EX) != 0 && errno == EINTR)
        ;
}

void records_gate_leave(const struct records *r)
{
    if (r->gate >= 0)
        flock(r->gate, LOCK_UN);
}

/* SQLite says nothing that helps of a directory, a pipe, or a link to nothing. */
static bool are_files(const char *path, struct diag *d)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    struct arena *a = arena_create();
    bool good = true;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && good; i++) {
        const char *file = arena_printf(a, "%s%s", path, endings[i]);
        struct stat st;
        good = lstat(file, &st) != 0 || file_is_regular(file);
        if (!good) {
            diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "records cannot be opened: '%s' is no file", file);
            diag_help(d, "'ukc store reindex' sets it aside, and makes the index anew");
        }
    }
    arena_destroy(a);
    return good;
}

struct records *records_open(const char *store_directory, struct diag *d)
{
    struct arena *a = arena_create();
    struct records *r = arena_new(a, struct records);
    *r = (struct records){.arena = a, .store = arena_strdup(a, store_directory), .path = arena_printf(a, "%s/records.db", store_directory),
                          .objects = arena_printf(a, "%s/objects", store_directory)};
    r->gate = open(arena_printf(a, "%s/records.lock", store_directory), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    records_gate_enter(r);
    r->db = are_files(r->path, d) ? sql_open(r->path, &r->read_only, d) : NULL;
    bool ok = r->db && schema_migrate(r->db, migrations, migration_count, r->read_only, d);
    if (ok) {
        prepare(r);
        ok = sql_report(r->db, "records cannot be opened", d);
    }
    records_gate_leave(r);
    if (ok)
        return r;
    records_close(r);
    return NULL;
}

void records_close(struct records *r)
{
    if (!r)
        return;
    sql_close(r->db);
    if (r->gate >= 0)
        close(r->gate);
    arena_destroy(r->arena);
}

/* ---- adding ---- */

static int64_t number_of(struct sql_statement *s)
{
    int64_t n = sql_step(s) ? sql_number(s, 0) : 0;
    sql_reset(s);
    return n;
}

static int64_t add_recipe(struct records *r, const struct record *record)
{
    sql_bind_bytes(r->add_recipe, 1, record->recipe.bytes, HASH_BYTES);
    sql_bind_text(r->add_recipe, 2, record->target);
    sql_bind_text(r->add_recipe, 3, record->profile);
    sql_once(r->add_recipe);
    sql_bind_bytes(r->find_recipe, 1, record->recipe.bytes, HASH_BYTES);
    return number_of(r->find_recipe);
}

static int64_t add_record(struct records *r, const struct record *record, int64_t recipe)
{
    sql_bind_bytes(r->add_record, 1, record->id.bytes, HASH_BYTES);
    sql_bind_number(r->add_record, 2, recipe);
    sql_bind_bytes(r->add_record, 3, record->image_sha256.bytes, HASH_BYTES);
    sql_bind_number(r->add_record, 4, (int64_t)record->image_bytes);
    sql_bind_text(r->add_record, 5, record->tree);
    sql_once(r->add_record);
    sql_bind_bytes(r->find_record, 1, record->id.bytes, HASH_BYTES);
    return number_of(r->find_record);
}

/* The parameters 2 to 10 of add_run and find_run. */
static void bind_run(struct sql_statement *s, const struct run *run, const char *entry)
{
    const char *texts[] = {run->unikernel, run->version, run->project, run->image, run->host, run->user};
    for (int i = 0; i < 6; i++)
        sql_bind_text(s, 2 + i, texts[i] && *texts[i] ? texts[i] : "-");
    sql_bind_number(s, 8, run->started_ms);
    sql_bind_number(s, 9, run->ended_ms);
    sql_bind_text(s, 10, entry);
}

static void add_run(struct records *r, const struct run *run, const char *entry, int64_t id)
{
    sql_bind_number(r->add_run, 1, id);
    bind_run(r->add_run, run, entry);
    sql_bind_text(r->add_run, 11, run->audit ? run->audit : "");
    sql_once(r->add_run);
}

static void add_row(struct records *r, struct record *record, const char *entry)
{
    int64_t recipe = add_recipe(r, record), id = add_record(r, record, recipe);
    add_run(r, &record->run, entry, id);
    sql_bind_number(r->count, 1, id);
    sql_bind_number(r->count, 2, recipe);
    if (sql_step(r->count)) {
        record->builds = (uint64_t)sql_number(r->count, 0);
        record->other_images = (uint64_t)sql_number(r->count, 1);
    }
    sql_reset(r->count);
}

/* The run's row, by its commit, or by what it says: another store may have made another commit of it.  0: there is none. */
int64_t index_run(struct records *r, const struct run *run, const char *entry)
{
    sql_bind_bytes(r->find_run, 1, run->record.bytes, HASH_BYTES);
    bind_run(r->find_run, run, entry);
    return number_of(r->find_run);
}

static bool add_rows(struct records *r, struct record *const *records, const struct history_entry *entries, size_t count, struct diag *d)
{
    bool good = sql_run(r->db, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < count && good; i++)
        add_row(r, records[i], entries[i].id);
    if (good && sql_run(r->db, "COMMIT"))
        return true;
    sql_report(r->db, "what was added to the log of builds is not in its index", d);
    sql_roll_back(r->db);
    return diag_help(d, "'ukc store reindex' adds it");
}

/* Who lost the log's reference hears of it before it is a new log. */
static void warn_of_new_log(struct records *r, struct objects *o, struct diag *d)
{
    struct arena *a = arena_create();
    char id[OBJECT_HEX];
    const char *damage;
    if (objects_reference(o, a, HISTORY_REFERENCE, id, &damage) == OBJECT_ABSENT && sql_pragma(r->db, "SELECT EXISTS (SELECT 1 FROM run WHERE entry IS NOT NULL)")) {
        diag_warning(d, SPAN_NONE, "the log of builds is not there any more, and a new one begins; its index knows of builds before");
        diag_help(d, "'ukc store reindex' adds to the log again what is still there of them");
    }
    arena_destroy(a);
}

/* `known`: those that are there already are left out. */
static bool add_runs(struct records *r, struct objects *o, struct record *list, size_t count, bool known, size_t *added, struct diag *d)
{
    struct arena *a = arena_create();
    VEC(struct history_entry) entries = {};
    VEC(struct record *) records = {};
    records_gate_enter(r);
    records_catch_up(r, o);
    for (size_t i = 0; i < count; i++) {
        if (known && index_run(r, &list[i].run, NULL))
            continue;
        struct history_entry e = {.run = list[i].run};
        memcpy(e.tree, list[i].tree, OBJECT_HEX);
        *vec_add(a, &entries) = e;
        *vec_add(a, &records) = &list[i];
    }
    *added = entries.count;
    if (entries.count)
        warn_of_new_log(r, o, d);
    bool good = sql_report(r->db, "records cannot be read", d) && history_add(o, entries.items, entries.count, d) &&
                (entries.count == 0 || add_rows(r, records.items, entries.items, entries.count, d));
    records_gate_leave(r);
    arena_destroy(a);
    return good;
}

bool records_add_runs(struct records *r, struct objects *o, struct record *list, size_t count, size_t *added, struct diag *d)
{
    return add_runs(r, o, list, count, true, added, d);
}

static void take_facts(struct record *r, const struct record_facts *f)
{
    r->recipe = f->recipe;
    r->image_sha256 = f->image;
    r->image_bytes = f->image_bytes;
}

bool record_add(struct records *r, const struct recording *recording, const struct run *run, const char *file, struct record *out,
                struct diag *d)
{
    char tree[OBJECT_HEX];
    size_t added;
    struct record_facts facts;
    if (r->read_only)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "the build cannot be recorded: '%s' cannot be written", r->path);
    struct objects *o = objects_open(r->objects, d);
    if (!o)
        return false;
    *out = (struct record){.target = recording->recipe.target, .profile = recording->recipe.profile, .run = *run};
    bool good = recorded_write(o, r->store, recording, tree, &facts, &out->id, d);
    if (good)
        take_facts(out, &facts);
    good = good && blob_keep(r->store, file, &out->image_sha256, d);
    out->run.record = out->id;
    out->tree = tree;
    good = good && add_runs(r, o, out, 1, false, &added, d);
    out->tree = NULL; /* it was ours */
    objects_close(o);
    return good;
}

bool record_keep(struct records *r, const struct recording *recording, char tree[OBJECT_HEX], struct record *out, struct diag *d)
{
    struct objects *o = objects_open(r->objects, d);
    struct record_facts facts;
    *out = (struct record){.target = recording->recipe.target, .profile = recording->recipe.profile};
    bool good = o && recorded_write(o, r->store, recording, tree, &facts, &out->id, d);
    if (good)
        take_facts(out, &facts);
    if (o)
        objects_close(o);
    return good;
}

/* ---- from the log ---- */

static bool index_entry(struct records *r, struct objects *o, const struct history_entry *e, struct diag *d)
{
    struct arena *a = arena_create();
    struct recorded recorded;
    bool good = recorded_read_facts(o, a, e->tree, &e->run.record, &recorded, d);
    struct record record = {.id = e->run.record, .run = e->run, .tree = e->tree};
    if (good) {
        take_facts(&record, &recorded.facts);
        record.target = recorded.recipe.target;
        record.profile = recorded.recipe.profile;
        add_row(r, &record, e->id);
    }
    arena_destroy(a);
    return good && sql_ok(r->db);
}

static bool index_log(struct records *r, struct objects *o, size_t *added, struct diag *d)
{
    struct arena *a = arena_create();
    struct history log = {};
    bool good = history_read(o, a, &log, d);
    bool begun = good && sql_run(r->db, "BEGIN IMMEDIATE");
    *added = 0;
    for (size_t i = 0; begun && i < log.run_count; i++) {
        if (index_run(r, &log.runs[i].run, log.runs[i].id))
            continue;
        good = index_entry(r, o, &log.runs[i], d) && good; /* one that is damaged hides no other */
        *added += 1;
    }
    if (begun)
        *added += index_reproductions(r, &log);
    bool ended = !begun || sql_run(r->db, "COMMIT");
    good = sql_report(r->db, "the log of builds cannot be indexed", d) && good;
    if (!ended)
        sql_roll_back(r->db);
    arena_destroy(a);
    return good;
}

bool records_reindex(struct records *r, size_t *added, struct diag *d)
{
    *added = 0;
    if (r->read_only)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written", r->path);
    struct objects *o = objects_open(r->objects, d);
    records_gate_enter(r);
    bool good = o && index_log(r, o, added, d);
    records_gate_leave(r);
    objects_close(o);
    return good;
}

void records_catch_up(struct records *r, struct objects *o)
{
    struct diag *quiet = diag_create();
    size_t added;
    if (index_is_behind(r, o))
        index_log(r, o, &added, quiet);
    diag_destroy(quiet);
}

/* At the gate: others may have added the same since the caller looked. */
static bool add_new(struct records *r, struct objects *o, const struct history *log, struct records_added *added, struct diag *d)
{
    struct arena *a = arena_create();
    char id[OBJECT_HEX];
    size_t indexed;
    struct history ours, new = {};
    bool good = history_read(o, a, &ours, d);
    if (good)
        new = history_subtract(a, log, &ours);
    struct history_entry *runs = arena_array(a, struct history_entry, new.run_count);
    for (size_t i = 0; i < new.run_count; i++)
        runs[i] = new.runs[i];
    good = good && history_add(o, runs, new.run_count, d);
    for (size_t i = 0; i < new.reproduction_count && good; i++)
        good = history_add_reproduction(o, new.reproductions[i].tree, &new.reproductions[i].reproduction, id, d);
    if (good)
        *added = (struct records_added){new.run_count, new.reproduction_count};
    if (added->runs + added->reproductions)
        good = index_log(r, o, &indexed, d) || diag_help(d, "'ukc store reindex' adds to the index what is in the log");
    arena_destroy(a);
    return good;
}

bool records_add_log(struct records *r, struct objects *o, const struct history *log, struct records_added *added, struct diag *d)
{
    *added = (struct records_added){};
    records_gate_enter(r);
    records_catch_up(r, o);
    bool good = log->run_count + log->reproduction_count == 0 || add_new(r, o, log, added, d);
    records_gate_leave(r);
    return good;
}

bool records_count(struct records *r, size_t *count, struct diag *d)
{
    *count = (size_t)sql_pragma(r->db, "SELECT count(*) FROM record");
    return sql_report(r->db, "records cannot be read", d);
}
