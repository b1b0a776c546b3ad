/*
 * record_find.c - records out of their index (see record.h): by a name, by the digits of a hash, and whether the log says the same.
 */
#include <ctype.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/text.h"
#include "records_inside.h"

#define CANDIDATES 20 /* listed for an ambiguous prefix */

/* Columns of `load`, in this order. */
#define COLUMNS                                                                                                                          \
    "SELECT r.id, r.hash, c.hash, r.image_sha256, r.image_bytes, c.target, c.profile, run.unikernel, run.version, run.project, "          \
    " run.image, run.host, run.user, run.started_ms, run.ended_ms, (SELECT count(*) FROM run x WHERE x.record = r.id), "                  \
    " (SELECT count(*) FROM record o WHERE o.recipe = r.recipe AND o.image_sha256 <> r.image_sha256), r.tree, "                           \
    " (SELECT count(*) FROM reproduction p WHERE p.record = r.id AND p.image_sha256 = r.image_sha256),"                                  \
    " (SELECT count(*) FROM reproduction p WHERE p.record = r.id AND p.image_sha256 <> r.image_sha256),"                                 \
    " (SELECT max(p.ended_ms) FROM reproduction p WHERE p.record = r.id AND p.image_sha256 = r.image_sha256), run.audit, "                         \
    " (SELECT count(*) FROM record o WHERE o.image_sha256 = r.image_sha256 AND o.id <> r.id), run.entry "                                \
    "FROM run JOIN record r ON r.id = run.record JOIN recipe c ON c.id = r.recipe "

enum { COLUMN_ENTRY = 23 };

#define NEWEST "run.id = (SELECT x.id FROM run x WHERE x.record = run.record ORDER BY x.ended_ms DESC, x.id DESC LIMIT 1)"

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
        diag_help(d, "more digits, or a record by its own hash");
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

static bool same_run(const struct run *a, const struct run *b)
{
    return hash_equal(&a->record, &b->record) && string_equal(a->unikernel, b->unikernel) && string_equal(a->version, b->version) && string_equal(a->project, b->project) &&
           string_equal(a->image, b->image) && string_equal(a->host, b->host) && string_equal(a->user, b->user) && a->started_ms == b->started_ms &&
           a->ended_ms == b->ended_ms && string_equal(a->audit, b->audit);
}

bool index_agrees(struct records *r, const struct history_entry *e, const struct recorded *recorded, const struct map *commits, struct diag *d)
{
    struct arena *a = arena_create();
    struct sql_statement *s = sql_prepare(r->db, COLUMNS "WHERE run.id = ?");
    struct record row = {};
    sql_bind_number(s, 1, index_run(r, &e->run, e->id));
    bool found = sql_step(s);
    if (found)
        load(s, a, &row);
    bool logged = found && map_get(commits, sql_text(s, COLUMN_ENTRY)) != MAP_ABSENT;
    sql_reset(s);
    bool good = sql_report(r->db, "the index cannot be read", d);
    bool same = logged && same_run(&row.run, &e->run) && hash_equal(&row.recipe, &recorded->facts.recipe) &&
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
