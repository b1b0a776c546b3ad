/*
 * record.c - the index of records (see record.h).
 *
 * The contents and the log come first, then the row: what dies between them is
 * found by a reindex.  An add is one transaction.  What is there already (the
 * recipe, the record) is not written again, so that a build repeated a hundred
 * times costs a hundred rows of `run`.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "records_inside.h"
#include "schema.h"

#define CANDIDATES 20 /* listed for an ambiguous prefix */

/* Columns of `load`, in this order. */
#define COLUMNS                                                                                                                          \
    "SELECT r.id, r.hash, c.hash, r.image_sha256, r.image_bytes, c.target, c.profile, run.unikernel, run.version, run.project, "          \
    " run.image, run.host, run.user, run.started_ms, run.ended_ms, (SELECT count(*) FROM run x WHERE x.record = r.id), "                  \
    " (SELECT count(*) FROM record o WHERE o.recipe = r.recipe AND o.image_sha256 <> r.image_sha256), r.tree, "                           \
    " (SELECT count(*) FROM reproduction p WHERE p.record = r.id AND p.image_sha256 = r.image_sha256),"                                  \
    " (SELECT count(*) FROM reproduction p WHERE p.record = r.id AND p.image_sha256 <> r.image_sha256),"                                 \
    " (SELECT max(p.ended_ms) FROM reproduction p WHERE p.record = r.id AND p.image_sha256 = r.image_sha256), run.audit, "                         \
    " (SELECT count(*) FROM record o WHERE o.image_sha256 = r.image_sha256 AND o.id <> r.id) "                                           \
    "FROM run JOIN record r ON r.id = run.record JOIN recipe c ON c.id = r.recipe "

#define NEWEST "run.id = (SELECT x.id FROM run x WHERE x.record = run.record ORDER BY x.ended_ms DESC, x.id DESC LIMIT 1)"

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

struct records *records_open(const char *store_directory, struct diag *d)
{
    struct arena *a = arena_create();
    struct records *r = arena_new(a, struct records);
    *r = (struct records){.arena = a, .store = arena_strdup(a, store_directory), .path = arena_printf(a, "%s/records.db", store_directory),
                          .objects = arena_printf(a, "%s/objects", store_directory)};
    r->gate = open(arena_printf(a, "%s/records.lock", store_directory), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    records_gate_enter(r);
    r->db = sql_open(r->path, &r->read_only, d);
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
static int64_t find_run(struct records *r, const struct run *run, const char *entry)
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
    for (size_t i = 0; i < count; i++) {
        if (known && find_run(r, &list[i].run, NULL))
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

bool records_reindex(struct records *r, size_t *added, struct diag *d)
{
    struct arena *a = arena_create();
    struct history log = {};
    struct objects *o = objects_open(r->objects, d);
    bool good = o && history_read(o, a, &log, d);
    *added = 0;
    if (good && r->read_only)
        good = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written", r->path);
    records_gate_enter(r);
    bool begun = good && sql_run(r->db, "BEGIN IMMEDIATE");
    for (size_t i = 0; begun && i < log.run_count; i++) {
        if (find_run(r, &log.runs[i].run, log.runs[i].id))
            continue;
        good = index_entry(r, o, &log.runs[i], d) && good; /* one that is damaged hides no other */
        *added += 1;
    }
    if (begun)
        *added += index_reproductions(r, &log);
    if (begun)
        sql_run(r->db, "COMMIT");
    good = sql_report(r->db, "the log of builds cannot be indexed", d) && good;
    records_gate_leave(r);
    if (o)
        objects_close(o);
    arena_destroy(a);
    return good;
}

bool records_add_log(struct records *r, struct objects *o, const struct history *log, struct diag *d)
{
    struct arena *a = arena_create();
    size_t added;
    char id[OBJECT_HEX];
    struct history_entry *runs = arena_array(a, struct history_entry, log->run_count);
    for (size_t i = 0; i < log->run_count; i++)
        runs[i] = log->runs[i];
    records_gate_enter(r);
    bool good = history_add(o, runs, log->run_count, d);
    for (size_t i = 0; i < log->reproduction_count && good; i++)
        good = history_add_reproduction(o, log->reproductions[i].tree, &log->reproductions[i].reproduction, id, d);
    records_gate_leave(r);
    arena_destroy(a);
    return good && (log->run_count + log->reproduction_count == 0 || records_reindex(r, &added, d));
}

bool records_count(struct records *r, size_t *count, struct diag *d)
{
    *count = (size_t)sql_pragma(r->db, "SELECT count(*) FROM record");
    return sql_report(r->db, "records cannot be read", d);
}

/* ---- finding ---- */

bool index_take_hash(struct sql_statement *s, int column, struct hash *out)
{
    size_t n;
    const void *bytes = sql_bytes(s, column, &n);
    if (n == HASH_BYTES)
        memcpy(out->bytes, bytes, n);
    return n == HASH_BYTES;
}

static void load(struct sql_statement *s, struct arena *a, struct record *r)
{
    const char **texts[] = {&r->target, &r->profile, &r->run.unikernel, &r->run.version, &r->run.project, &r->run.image, &r->run.host, &r->run.user};
    *r = (struct record){.image_bytes = (uint64_t)sql_number(s, 4)};
    index_take_hash(s, 1, &r->id);
    index_take_hash(s, 2, &r->recipe);
    index_take_hash(s, 3, &r->image_sha256);
    for (int i = 0; i < 8; i++)
        *texts[i] = arena_strdup(a, sql_text(s, 5 + i));
    r->run.record = r->id;
    r->run.started_ms = sql_number(s, 13);
    r->run.ended_ms = sql_number(s, 14);
    r->builds = (uint64_t)sql_number(s, 15);
    r->other_images = (uint64_t)sql_number(s, 16);
    r->tree = *sql_text(s, 17) ? arena_strdup(a, sql_text(s, 17)) : NULL;
    r->reproduced = (uint64_t)sql_number(s, 18);
    r->differed = (uint64_t)sql_number(s, 19);
    r->reproduced_ms = sql_number(s, 20);
    r->run.audit = arena_strdup(a, sql_text(s, 21));
    r->other_records = (uint64_t)sql_number(s, 22);
}

const struct record *record_list(struct records *r, struct arena *a, const char *unikernel, const char *target, size_t limit, size_t *count,
                                 struct diag *d)
{
    VEC(struct record) list = {};
    /* from the newest run backwards, so that a short list of a long history is read from its end */
    struct sql_statement *s =
        unikernel ? sql_prepare(r->db, COLUMNS "WHERE run.unikernel = ?1 AND run.id = (SELECT x.id FROM run x WHERE x.record = run.record"
                                               " AND x.unikernel = ?1 ORDER BY x.ended_ms DESC, x.id DESC LIMIT 1) AND (?2 IS NULL OR c.target = ?2) ORDER BY run.ended_ms DESC, run.id DESC LIMIT ?3")
                  : sql_prepare(r->db, COLUMNS "WHERE " NEWEST
                                               " AND (?2 IS NULL OR c.target = ?2) ORDER BY run.ended_ms DESC, run.id DESC LIMIT ?3");
    if (unikernel)
        sql_bind_text(s, 1, unikernel);
    sql_bind_text(s, 2, target);
    sql_bind_number(s, 3, limit && limit < INT64_MAX ? (int64_t)limit : -1);
    while (sql_step(s))
        load(s, a, vec_add(a, &list));
    sql_reset(s);
    *count = list.count;
    if (!sql_report(r->db, "records cannot be read", d))
        return NULL;
    return list.items ? list.items : arena_array(a, struct record, 1);
}

/* The least and the greatest hash that begin with the prefix. */
static bool range(const char *prefix, struct hash *low, struct hash *high)
{
    size_t n = strlen(prefix);
    if (n < 8 || n > 2 * HASH_BYTES)
        return false;
    char least[HASH_HEX], greatest[HASH_HEX];
    memset(least, '0', sizeof least);
    memset(greatest, 'f', sizeof greatest);
    least[HASH_HEX - 1] = greatest[HASH_HEX - 1] = '\0';
    for (size_t i = 0; i < n; i++)
        least[i] = greatest[i] = (char)tolower((unsigned char)prefix[i]);
    return hash_parse(least, low) && hash_parse(greatest, high);
}

/* Of a whole hash several records are meant only by what was wanted, as long as they have the same image. */
static bool is_whole(const char *prefix)
{
    return strlen(prefix) == 2 * HASH_BYTES;
}

static bool have_one_image(const struct record *list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!hash_equal(&list[i].image_sha256, &list[0].image_sha256))
            return false;
    return true;
}

static void list_candidates(const struct record *list, size_t count, struct diag *d)
{
    for (size_t i = 0; i < count && i < CANDIDATES; i++) {
        char id[HASH_HEX], image[HASH_HEX];
        hash_hex(&list[i].id, id);
        hash_hex(&list[i].image_sha256, image);
        diag_note(d, SPAN_NONE, "record %s: %s for %s (%s), image %s", id, list[i].run.unikernel, list[i].target, list[i].profile, image);
    }
    if (count > CANDIDATES)
        diag_note(d, SPAN_NONE, "and more");
}

const struct record *record_find(struct records *r, struct arena *a, const char *prefix, struct diag *d)
{
    struct hash low, high;
    VEC(struct record) list = {};
    if (!range(prefix, &low, &high)) {
        diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is not a hash: 8 to 64 hexadecimal digits are needed", prefix);
        return NULL;
    }
    struct sql_statement *s = sql_prepare(
        r->db, COLUMNS "WHERE " NEWEST " AND r.id IN ("
                       " SELECT id FROM record WHERE hash BETWEEN ?1 AND ?2 UNION SELECT id FROM record WHERE image_sha256 BETWEEN ?1 AND ?2"
                       " UNION SELECT y.id FROM record y JOIN recipe z ON z.id = y.recipe WHERE z.hash BETWEEN ?1 AND ?2)"
                       " ORDER BY run.ended_ms DESC, run.id DESC LIMIT ?3");
    sql_bind_bytes(s, 1, low.bytes, HASH_BYTES);
    sql_bind_bytes(s, 2, high.bytes, HASH_BYTES);
    sql_bind_number(s, 3, CANDIDATES + 1);
    while (sql_step(s))
        load(s, a, vec_add(a, &list));
    sql_reset(s);
    if (!sql_report(r->db, "records cannot be read", d))
        return NULL;
    if (list.count == 0)
        records_are_behind(r, d);
    if (list.count == 1 || (list.count && is_whole(prefix) && have_one_image(list.items, list.count)))
        return &list.items[0];
    if (list.count == 0) {
        diag_error(d, SPAN_NONE, "no record, recipe or image begins with '%s'", prefix);
        diag_help(d, "'ukc log' lists the records of this store");
    } else {
        diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is ambiguous", prefix);
        list_candidates(list.items, list.count, d);
    }
    return NULL;
}

const struct record *record_runs(struct records *r, struct arena *a, const struct hash *id, size_t *count, struct diag *d)
{
    VEC(struct record) list = {};
    struct sql_statement *s = sql_prepare(r->db, COLUMNS "WHERE r.hash = ? ORDER BY run.id");
    sql_bind_bytes(s, 1, id->bytes, HASH_BYTES);
    while (sql_step(s))
        load(s, a, vec_add(a, &list));
    sql_reset(s);
    *count = list.count;
    return sql_report(r->db, "records cannot be read", d) ? list.count ? list.items : arena_array(a, struct record, 1) : NULL;
}

const struct action_output *record_old_inputs(struct records *r, struct arena *a, const struct record *record, size_t *count, struct diag *d)
{
    VEC(struct action_output) list = {};
    struct sql_statement *s = sql_prepare(r->db, "SELECT i.path, i.sha256, i.size FROM recipe_input x JOIN input i ON i.id = x.input"
                                                 " JOIN recipe c ON c.id = x.recipe WHERE c.hash = ? ORDER BY x.ordinal");
    sql_bind_bytes(s, 1, record->recipe.bytes, HASH_BYTES);
    while (sql_step(s)) {
        struct action_output *f = vec_add(a, &list);
        *f = (struct action_output){.path = arena_strdup(a, sql_text(s, 0)), .size = (uint64_t)sql_number(s, 2)};
        index_take_hash(s, 1, &f->sha256);
    }
    sql_reset(s);
    *count = list.count;
    if (!sql_report(r->db, "records cannot be read", d))
        return NULL;
    return list.items ? list.items : arena_array(a, struct action_output, 1);
}

const struct recorded *record_read(struct records *r, struct arena *a, const struct record *record, bool inputs, struct diag *d)
{
    char id[HASH_HEX];
    hash_hex(&record->id, id);
    if (!record->tree) {
        diag_fail(d, DIAG_MISSING, SPAN_NONE, "record %.12s was made by an ukc that kept no contents", id);
        diag_help(d, "build it again: this ukc keeps what an image is made of");
        return NULL;
    }
    struct objects *o = objects_open(r->objects, d);
    const struct recorded *recorded = o ? recorded_read(o, a, record->tree, &record->id, inputs, d) : NULL;
    if (o && !recorded)
        recorded_remedy(&record->id, d);
    objects_close(o);
    return recorded;
}

bool index_knows(struct records *r, const struct run *run, const char *entry)
{
    return find_run(r, run, entry) != 0;
}

static bool same_run(const struct run *a, const struct run *b)
{
    return hash_equal(&a->record, &b->record) && string_equal(a->unikernel, b->unikernel) && string_equal(a->version, b->version) && string_equal(a->project, b->project) &&
           string_equal(a->image, b->image) && string_equal(a->host, b->host) && string_equal(a->user, b->user) && a->started_ms == b->started_ms &&
           a->ended_ms == b->ended_ms && string_equal(a->audit, b->audit);
}

bool index_agrees(struct records *r, const struct history_entry *e, const struct recorded *recorded, struct diag *d)
{
    struct arena *a = arena_create();
    struct sql_statement *s = sql_prepare(r->db, COLUMNS "WHERE run.id = ?");
    struct record row = {};
    sql_bind_number(s, 1, find_run(r, &e->run, e->id));
    bool found = sql_step(s);
    if (found)
        load(s, a, &row);
    sql_reset(s);
    bool good = sql_report(r->db, "the index cannot be read", d);
    bool same = found && same_run(&row.run, &e->run) && hash_equal(&row.recipe, &recorded->facts.recipe) &&
                hash_equal(&row.image_sha256, &recorded->facts.image) && row.image_bytes == recorded->facts.image_bytes && row.tree &&
                string_equal(row.tree, e->tree) && string_equal(row.target, recorded->recipe.target) && string_equal(row.profile, recorded->recipe.profile);
    if (good && !same) {
        char id[HASH_HEX];
        hash_hex(&e->run.record, id);
        good = diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "the index %s record %.12s", found ? "says something else than the log of" : "does not know", id);
        diag_help(d, "'ukc store reindex' adds what is missing, and makes a wrong index anew");
    }
    arena_destroy(a);
    return good;
}
