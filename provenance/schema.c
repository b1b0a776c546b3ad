/*
 * schema.c - see schema.h.  The words are those of the design: a recipe is what
 * decides an image's bytes, a record is a recipe with the image it gave, a run
 * is one build: who, where, when.
 */
#include "schema.h"
#include "../ukc/base/text.h"

#define APPLICATION_ID 0x756b6364 /* "ukcd": what file(1), and we, know the file by */

/* Rows are only ever added: the triggers say so to every writer of the file. */
#define APPEND_ONLY(table)                                                                                             \
    "CREATE TRIGGER " table "_update BEFORE UPDATE ON " table " BEGIN SELECT RAISE(ABORT, 'records are only added'); END;" \
    "CREATE TRIGGER " table "_delete BEFORE DELETE ON " table " BEGIN SELECT RAISE(ABORT, 'records are only added'); END;"

const struct migration migrations[] = {
    {1, "The first schema: recipes with their inputs, the images they gave, and the runs.",
     "CREATE TABLE recipe (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),"
     "  target TEXT NOT NULL, profile TEXT NOT NULL) STRICT;"
     "CREATE TABLE input (id INTEGER PRIMARY KEY, role TEXT NOT NULL, path TEXT NOT NULL,"
     "  sha256 BLOB NOT NULL CHECK (length(sha256) = 32), size INTEGER NOT NULL CHECK (size >= 0),"
     "  UNIQUE (path, sha256, role, size)) STRICT;"
     "CREATE TABLE recipe_input (recipe INTEGER NOT NULL REFERENCES recipe, ordinal INTEGER NOT NULL,"
     "  input INTEGER NOT NULL REFERENCES input, PRIMARY KEY (recipe, ordinal)) STRICT, WITHOUT ROWID;"
     "CREATE TABLE record (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),"
     "  recipe INTEGER NOT NULL REFERENCES recipe, image_sha256 BLOB NOT NULL CHECK (length(image_sha256) = 32),"
     "  image_bytes INTEGER NOT NULL CHECK (image_bytes >= 0), UNIQUE (recipe, image_sha256, image_bytes)) STRICT;"
     "CREATE INDEX record_image ON record (image_sha256);"
     "CREATE TABLE run (id INTEGER PRIMARY KEY, record INTEGER NOT NULL REFERENCES record, unikernel TEXT NOT NULL,"
     "  version TEXT NOT NULL, project TEXT NOT NULL, image TEXT NOT NULL, host TEXT NOT NULL, user TEXT NOT NULL,"
     "  started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL) STRICT;"
     "CREATE INDEX run_record ON run (record);" APPEND_ONLY("recipe") APPEND_ONLY("input") APPEND_ONLY("recipe_input") APPEND_ONLY("record")
         APPEND_ONLY("run")},
    {2, "Records have contents, a tree of the store's repository, and runs are commits of its log; one recipe and image can have several intents.",
     "CREATE TABLE record_2 (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),"
     "  recipe INTEGER NOT NULL REFERENCES recipe, image_sha256 BLOB NOT NULL CHECK (length(image_sha256) = 32),"
     "  image_bytes INTEGER NOT NULL CHECK (image_bytes >= 0), tree TEXT) STRICT;"
     "CREATE TABLE run_2 (id INTEGER PRIMARY KEY, record INTEGER NOT NULL REFERENCES record_2, unikernel TEXT NOT NULL,"
     "  version TEXT NOT NULL, project TEXT NOT NULL, image TEXT NOT NULL, host TEXT NOT NULL, user TEXT NOT NULL,"
     "  started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, entry TEXT UNIQUE) STRICT;"
     "INSERT INTO record_2 SELECT id, hash, recipe, image_sha256, image_bytes, NULL FROM record;"
     "INSERT INTO run_2 SELECT id, record, unikernel, version, project, image, host, user, started_ms, ended_ms, NULL FROM run;"
     "DROP TABLE run; DROP TABLE record; ALTER TABLE record_2 RENAME TO record; ALTER TABLE run_2 RENAME TO run;"
     "CREATE INDEX record_image ON record (image_sha256); CREATE INDEX record_recipe ON record (recipe);"
     "CREATE INDEX run_record ON run (record);" APPEND_ONLY("record") APPEND_ONLY("run")},
    {3, "Records are reproduced: where, and what image that gave.",
     "CREATE TABLE reproduction (id INTEGER PRIMARY KEY, record INTEGER NOT NULL REFERENCES record, entry TEXT NOT NULL UNIQUE,"
     "  image_sha256 BLOB NOT NULL CHECK (length(image_sha256) = 32), version TEXT NOT NULL, tools TEXT NOT NULL, host TEXT NOT NULL,"
     "  user TEXT NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL) STRICT;"
     "CREATE INDEX reproduction_record ON reproduction (record);" APPEND_ONLY("reproduction")},
    {4, "Runs say whether it was watched what the actions read.", "ALTER TABLE run ADD COLUMN audit TEXT NOT NULL DEFAULT '';"},
    {5, "Builds of one unikernel are found among many of others.", "CREATE INDEX run_unikernel ON run (unikernel);"},
    {6, "The newest is what ended last, not what was added last: an import adds older ones.",
     "DROP INDEX run_record; DROP INDEX run_unikernel; CREATE INDEX run_record ON run (record, ended_ms);"
     "CREATE INDEX run_unikernel ON run (unikernel, ended_ms); CREATE INDEX run_ended ON run (ended_ms);"},
};
const size_t migration_count = sizeof migrations / sizeof migrations[0];

static bool step(struct sql *db, const struct migration *m)
{
    struct text version = {};
    text_printf(&version, "PRAGMA user_version = %d", m->version);
    bool ok = sql_run(db, m->sql) && sql_run(db, text_string(&version));
    text_dispose(&version);
    return ok;
}

static bool is_empty(struct sql *db)
{
    return sql_pragma(db, "SELECT count(*) FROM sqlite_schema") == 0 && sql_ok(db);
}

/* Under the write lock: another process may have migrated since we looked. */
static bool migrate_locked(struct sql *db, const struct migration *steps, size_t count)
{
    int64_t version = sql_pragma(db, "PRAGMA user_version");
    bool ok = sql_ok(db);
    if (version == 0) {
        struct text id = {};
        text_printf(&id, "PRAGMA application_id = %d", APPLICATION_ID);
        ok = ok && sql_run(db, text_string(&id));
        text_dispose(&id);
    }
    for (size_t i = 0; ok && i < count; i++)
        if (steps[i].version > version)
            ok = step(db, &steps[i]);
    return ok;
}

bool schema_migrate(struct sql *db, const struct migration *steps, size_t count, bool read_only, struct diag *d)
{
    int64_t application = sql_pragma(db, "PRAGMA application_id"), version = sql_pragma(db, "PRAGMA user_version");
    int newest = steps[count - 1].version;
    if (!sql_ok(db))
        return sql_report(db, "records cannot be opened", d);
    if (application != APPLICATION_ID && !(application == 0 && version == 0 && is_empty(db))) {
        if (!sql_report(db, "records cannot be opened", d))
            return false;
        diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "the file of records is an SQLite database, but not one of ukc");
        return diag_help(d, "'ukc store reindex' sets it aside, and makes the index anew");
    }
    if (version > newest) {
        diag_fail(d, DIAG_INPUT, SPAN_NONE, "the database of records has version %lld, made by a newer ukc; this one knows %d", (long long)version,
                  newest);
        return diag_help(d, "use the newer ukc, or another store (UKC_STORE); where no newer one ever ran, the number is damaged: move records.db away, and 'ukc store reindex'");
    }
    if (version == newest)
        return true;
    if (read_only)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "the database of records has version %lld, and cannot be brought to %d: it cannot be written",
                         (long long)version, newest);
    bool ok = sql_run(db, "PRAGMA journal_mode = WAL") && sql_run(db, "BEGIN IMMEDIATE") && migrate_locked(db, steps, count) && sql_run(db, "COMMIT");
    return ok || sql_report(db, "records cannot be opened", d);
}
