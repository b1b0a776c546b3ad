/*
 * record.c - adding records and finding them (see record.h).
 *
 * An add is one transaction.  What is there already (the recipe, each input,
 * the record) is found by its hash and not written again, so that a build
 * repeated a hundred times costs a hundred rows of `run`.
 */
#include "record.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/memory.h"
#include "recipe.h"
#include "schema.h"
#include "sql.h"

#define CANDIDATES 20 /* listed for an ambiguous prefix */

/* Columns of `load`, in this order. */
#define COLUMNS                                                                                                                          \
    "SELECT r.id, r.hash, c.hash, r.image_sha256, r.image_bytes, c.target, c.profile, run.unikernel, run.version, run.project, "          \
    " run.image, run.host, run.user, run.started_ms, run.ended_ms, (SELECT count(*) FROM run x WHERE x.record = r.id), "                  \
    " (SELECT count(*) FROM record o WHERE o.recipe = r.recipe) - 1, r.recipe "                                                           \
    "FROM run JOIN record r ON r.id = run.record JOIN recipe c ON c.id = r.recipe "

struct records {
    struct sql *db;
    int gate; /* records.lock, or -1 where it cannot be opened (a read-only store) */
    bool read_only;
    char *path;
    struct sql_statement *add_recipe, *find_recipe, *add_input, *find_input, *add_recipe_input, *add_record, *find_record, *add_run, *count;
};

static void prepare(struct records *r)
{
    struct sql *db = r->db;
    r->add_recipe = sql_prepare(db, "INSERT INTO recipe (hash, target, profile) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    r->find_recipe = sql_prepare(db, "SELECT id FROM recipe WHERE hash = ?");
    r->add_input = sql_prepare(db, "INSERT INTO input (role, path, sha256, size) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
    r->find_input = sql_prepare(db, "SELECT id FROM input WHERE role = ? AND path = ? AND sha256 = ? AND size = ?");
    r->add_recipe_input = sql_prepare(db, "INSERT INTO recipe_input (recipe, ordinal, input) VALUES (?, ?, ?)");
    r->add_record = sql_prepare(db, "INSERT INTO record (hash, recipe, image_sha256, image_bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING");
    r->find_record = sql_prepare(db, "SELECT id FROM record WHERE hash = ?");
    r->add_run = sql_prepare(db, "INSERT INTO run (record, unikernel, version, project, image, host, user, started_ms, ended_ms)"
                                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    r->count = sql_prepare(db, "SELECT (SELECT count(*) FROM run WHERE record = ?1), (SELECT count(*) FROM record WHERE recipe = ?2) - 1");
}

/*
 * Writers stand in line: SQLite's own waiting is without order, so that one of
 * many processes can wait for ever, and a change of the journal mode does not
 * wait at all.  The lock ends with the process that holds it.
 */
static void gate_enter(const struct records *r)
{
    while (r->gate >= 0 && flock(r->gate, LOCK_EX) != 0 && errno == EINTR)
        ;
}

static void gate_leave(const struct records *r)
{
    if (r->gate >= 0)
        flock(r->gate, LOCK_UN);
}

struct records *records_open(const char *store_directory, struct diag *d)
{
    struct arena *a = arena_create();
    const char *path = arena_printf(a, "%s/records.db", store_directory);
    struct records *r = calloc(1, sizeof *r);
    if (!r || !(r->path = strdup(path)))
        memory_exhausted();
    r->gate = open(arena_printf(a, "%s/records.lock", store_directory), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    arena_destroy(a);
    gate_enter(r);
    r->db = sql_open(r->path, &r->read_only, d);
    bool ok = r->db && schema_migrate(r->db, migrations, migration_count, r->read_only, d);
    if (ok) {
        prepare(r);
        ok = sql_report(r->db, "records cannot be opened", d);
    }
    gate_leave(r);
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
    free(r->path);
    free(r);
}

/* ---- adding ---- */

static int64_t number_of(struct sql_statement *s)
{
    int64_t n = sql_step(s) ? sql_number(s, 0) : 0;
    sql_reset(s);
    return n;
}

static void bind_input(struct sql_statement *s, const struct record_input *in)
{
    sql_bind_text(s, 1, in->role);
    sql_bind_text(s, 2, in->path);
    sql_bind_bytes(s, 3, in->sha256.bytes, HASH_BYTES);
    sql_bind_number(s, 4, (int64_t)in->size);
}

static void add_inputs(struct records *r, int64_t recipe, const struct record_input *inputs, size_t count)
{
    for (size_t i = 0; i < count && sql_ok(r->db); i++) {
        bind_input(r->find_input, &inputs[i]);
        int64_t id = number_of(r->find_input);
        if (!id) {
            bind_input(r->add_input, &inputs[i]);
            sql_once(r->add_input);
            id = sql_last_row(r->db);
        }
        sql_bind_number(r->add_recipe_input, 1, recipe);
        sql_bind_number(r->add_recipe_input, 2, (int64_t)i);
        sql_bind_number(r->add_recipe_input, 3, id);
        sql_once(r->add_recipe_input);
    }
}

static int64_t add_recipe(struct records *r, const struct record *record, const struct record_input *inputs, size_t count)
{
    sql_bind_bytes(r->find_recipe, 1, record->recipe.bytes, HASH_BYTES);
    int64_t id = number_of(r->find_recipe);
    if (id || !sql_ok(r->db))
        return id;
    sql_bind_bytes(r->add_recipe, 1, record->recipe.bytes, HASH_BYTES);
    sql_bind_text(r->add_recipe, 2, record->target);
    sql_bind_text(r->add_recipe, 3, record->profile);
    sql_once(r->add_recipe);
    id = sql_last_row(r->db);
    add_inputs(r, id, inputs, count);
    return id;
}

static int64_t add_record(struct records *r, const struct record *record, int64_t recipe)
{
    sql_bind_bytes(r->add_record, 1, record->id.bytes, HASH_BYTES);
    sql_bind_number(r->add_record, 2, recipe);
    sql_bind_bytes(r->add_record, 3, record->image_sha256.bytes, HASH_BYTES);
    sql_bind_number(r->add_record, 4, (int64_t)record->image_bytes);
    sql_once(r->add_record);
    sql_bind_bytes(r->find_record, 1, record->id.bytes, HASH_BYTES);
    return number_of(r->find_record);
}

static void add_run(struct records *r, const struct record *record, int64_t id)
{
    const char *texts[] = {record->unikernel, record->version, record->project, record->image, record->host, record->user};
    sql_bind_number(r->add_run, 1, id);
    for (int i = 0; i < 6; i++)
        sql_bind_text(r->add_run, 2 + i, texts[i] ? texts[i] : "");
    sql_bind_number(r->add_run, 8, record->started_ms);
    sql_bind_number(r->add_run, 9, record->ended_ms);
    sql_once(r->add_run);
}

static bool add_all(struct records *r, struct record *record, const struct record_input *inputs, size_t count)
{
    if (!sql_run(r->db, "BEGIN IMMEDIATE"))
        return false;
    int64_t recipe = add_recipe(r, record, inputs, count), id = add_record(r, record, recipe);
    add_run(r, record, id);
    sql_bind_number(r->count, 1, id);
    sql_bind_number(r->count, 2, recipe);
    if (sql_step(r->count)) {
        record->builds = (uint64_t)sql_number(r->count, 0);
        record->other_images = (uint64_t)sql_number(r->count, 1);
    }
    sql_reset(r->count);
    return sql_run(r->db, "COMMIT");
}

bool record_add(struct records *r, struct record *record, struct diag *d)
{
    struct arena *a = arena_create();
    size_t size, count = 0;
    const char *text = record_recipe_text(a, record, &size, d);
    const struct record_input *inputs = text ? recipe_inputs(a, record, &count, d) : NULL;
    bool ok = inputs != NULL;
    if (ok && r->read_only)
        ok = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "the build cannot be recorded: '%s' cannot be written", r->path);
    if (ok) {
        record->recipe = hash_bytes(text, size);
        record->id = record_id(&record->recipe, &record->image_sha256, record->image_bytes);
        gate_enter(r);
        ok = add_all(r, record, inputs, count);
        if (!ok) {
            sql_report(r->db, "the build cannot be recorded", d);
            sql_roll_back(r->db);
        }
        gate_leave(r);
    }
    arena_destroy(a);
    return ok;
}

/* ---- finding ---- */

static void take_hash(struct sql_statement *s, int column, struct hash *out)
{
    size_t n;
    const void *bytes = sql_bytes(s, column, &n);
    if (n == HASH_BYTES)
        memcpy(out->bytes, bytes, n);
}

static void load(struct sql_statement *s, struct arena *a, struct record *r)
{
    const char **texts[] = {&r->target, &r->profile, &r->unikernel, &r->version, &r->project, &r->image, &r->host, &r->user};
    *r = (struct record){.image_bytes = (uint64_t)sql_number(s, 4)};
    take_hash(s, 1, &r->id);
    take_hash(s, 2, &r->recipe);
    take_hash(s, 3, &r->image_sha256);
    for (int i = 0; i < 8; i++)
        *texts[i] = arena_strdup(a, sql_text(s, 5 + i));
    r->started_ms = sql_number(s, 13);
    r->ended_ms = sql_number(s, 14);
    r->builds = (uint64_t)sql_number(s, 15);
    r->other_images = (uint64_t)sql_number(s, 16);
}

const struct record *record_list(struct records *r, struct arena *a, const char *unikernel, const char *target, size_t limit, size_t *count,
                                 struct diag *d)
{
    VEC(struct record) list = {};
    /* from the newest run backwards, so that a short list of a long history is read from its end */
    struct sql_statement *s = sql_prepare(
        r->db, COLUMNS "WHERE run.id = (SELECT max(x.id) FROM run x WHERE x.record = run.record AND (?1 IS NULL OR x.unikernel = ?1))"
                       " AND (?2 IS NULL OR c.target = ?2) ORDER BY run.id DESC LIMIT ?3");
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

static void load_inputs(struct records *db, struct arena *a, int64_t recipe, struct record *r)
{
    VEC(struct record_input) list = {};
    struct sql_statement *s = sql_prepare(db->db, "SELECT i.role, i.path, i.sha256, i.size FROM recipe_input x JOIN input i ON i.id = x.input"
                                                  " WHERE x.recipe = ? ORDER BY x.ordinal");
    sql_bind_number(s, 1, recipe);
    while (sql_step(s)) {
        struct record_input *in = vec_add(a, &list);
        *in = (struct record_input){.role = arena_strdup(a, sql_text(s, 0)), .path = arena_strdup(a, sql_text(s, 1)),
                                    .size = (uint64_t)sql_number(s, 3)};
        take_hash(s, 2, &in->sha256);
    }
    sql_reset(s);
    r->inputs = list.items;
    r->input_count = list.count;
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

static void list_candidates(const struct record *list, size_t count, struct diag *d)
{
    for (size_t i = 0; i < count && i < CANDIDATES; i++) {
        char id[HASH_HEX], image[HASH_HEX];
        hash_hex(&list[i].id, id);
        hash_hex(&list[i].image_sha256, image);
        diag_note(d, SPAN_NONE, "record %.16s: %s for %s (%s), image %.16s", id, list[i].unikernel, list[i].target, list[i].profile, image);
    }
    if (count > CANDIDATES)
        diag_note(d, SPAN_NONE, "and more");
}

const struct record *record_find(struct records *r, struct arena *a, const char *prefix, struct diag *d)
{
    struct hash low, high;
    VEC(struct record) list = {};
    int64_t recipe = 0;
    if (!range(prefix, &low, &high)) {
        diag_fail(d, DIAG_USAGE, SPAN_NONE, "'%s' is not a hash: 8 to 64 hexadecimal digits are needed", prefix);
        return NULL;
    }
    struct sql_statement *s = sql_prepare(
        r->db, COLUMNS "WHERE run.id = (SELECT max(x.id) FROM run x WHERE x.record = run.record) AND r.id IN ("
                       " SELECT id FROM record WHERE hash BETWEEN ?1 AND ?2 UNION SELECT id FROM record WHERE image_sha256 BETWEEN ?1 AND ?2"
                       " UNION SELECT y.id FROM record y JOIN recipe z ON z.id = y.recipe WHERE z.hash BETWEEN ?1 AND ?2)"
                       " ORDER BY run.id DESC LIMIT ?3");
    sql_bind_bytes(s, 1, low.bytes, HASH_BYTES);
    sql_bind_bytes(s, 2, high.bytes, HASH_BYTES);
    sql_bind_number(s, 3, CANDIDATES + 1);
    while (sql_step(s)) {
        load(s, a, vec_add(a, &list));
        recipe = sql_number(s, 17);
    }
    sql_reset(s);
    if (list.count == 1)
        load_inputs(r, a, recipe, &list.items[0]);
    if (!sql_report(r->db, "records cannot be read", d))
        return NULL;
    if (list.count == 1)
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
