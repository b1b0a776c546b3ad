/*
 * history.c - see history.h.
 */
#include "history.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/map.h"
#include "../ukc/base/text.h"
#include "canon.h"

#define MESSAGE_LINES 100

/* ---- a run as a commit's message ---- */

/* What is not known. */
static const char *or_dash(const char *word)
{
    return word && *word ? word : "-";
}

static void times_text(int64_t started_ms, int64_t ended_ms, struct text *t)
{
    text_printf(t, "started %" PRId64 "\nended %" PRId64 "\n", started_ms, ended_ms);
}

void run_text(const struct run *r, struct text *t)
{
    char hex[HASH_HEX];
    hash_hex(&r->record, hex);
    canon_line(t, "ukc-run", "1");
    canon_line(t, "record", hex);
    canon_line(t, "unikernel", or_dash(r->unikernel));
    canon_line(t, "version", or_dash(r->version));
    canon_line(t, "project", or_dash(r->project));
    canon_line(t, "image", or_dash(r->image));
    canon_line(t, "host", or_dash(r->host));
    canon_line(t, "user", or_dash(r->user));
    times_text(r->started_ms, r->ended_ms, t);
    if (r->audit && *r->audit)
        canon_line(t, "audit", r->audit);
}

/* Lines of two words, the first of which are these names, in version 1 of what the first line names; NULL: they are not.  The last `optional` may be absent. */
static const struct canon_line *take_lines(struct arena *a, const char *message, const char *const *names, size_t most, size_t optional, size_t *count)
{
    const struct canon_line *lines = canon_lines(a, message, strlen(message), MESSAGE_LINES, count);
    if (!lines || *count > most || *count < most - optional)
        return NULL;
    for (size_t i = 0; i < *count; i++)
        if (!canon_is(&lines[i], names[i], 2))
            return NULL;
    return strcmp(lines[0].words[1], "1") == 0 ? lines : NULL;
}

/* Of two lines. */
static bool take_times(const struct canon_line *lines, int64_t *started_ms, int64_t *ended_ms)
{
    uint64_t started, ended;
    if (!canon_parse_number(lines[0].words[1], &started) || !canon_parse_number(lines[1].words[1], &ended) || started > INT64_MAX || ended > INT64_MAX)
        return false;
    *started_ms = (int64_t)started;
    *ended_ms = (int64_t)ended;
    return true;
}

static bool take_run(struct arena *a, const char *message, struct run *r)
{
    static const char *const names[] = {"ukc-run", "record", "unikernel", "version", "project", "image", "host", "user", "started", "ended", "audit"};
    enum { NAMES = sizeof names / sizeof names[0] };
    size_t count;
    const struct canon_line *lines = take_lines(a, message, names, NAMES, 1, &count); /* the last is younger than the first runs */
    if (!lines || !hash_parse(lines[1].words[1], &r->record) || !take_times(&lines[8], &r->started_ms, &r->ended_ms))
        return false;
    r->unikernel = lines[2].words[1];
    r->version = lines[3].words[1];
    r->project = lines[4].words[1];
    r->image = lines[5].words[1];
    r->host = lines[6].words[1];
    r->user = lines[7].words[1];
    r->audit = count == NAMES ? lines[10].words[1] : "";
    return true;
}

bool run_parse(struct arena *a, const void *bytes, size_t size, struct run *r)
{
    struct text again = {};
    bool good = !memchr(bytes, 0, size) && take_run(a, arena_strndup(a, bytes, size), r);
    if (good)
        run_text(r, &again);
    good = good && canon_is_same(&again, bytes, size);
    text_dispose(&again);
    return good;
}

void reproduction_text(const struct reproduction *r, struct text *t)
{
    char hex[HASH_HEX];
    canon_line(t, "ukc-reproduction", "1");
    hash_hex(&r->record, hex);
    canon_line(t, "record", hex);
    hash_hex(&r->image, hex);
    canon_line(t, "image", hex);
    canon_line(t, "version", or_dash(r->version));
    canon_line(t, "tools", or_dash(r->tools));
    canon_line(t, "host", or_dash(r->host));
    canon_line(t, "user", or_dash(r->user));
    times_text(r->started_ms, r->ended_ms, t);
}

static bool take_reproduction(struct arena *a, const char *message, struct reproduction *r)
{
    static const char *const names[] = {"ukc-reproduction", "record", "image", "version", "tools", "host", "user", "started", "ended"};
    enum { NAMES = sizeof names / sizeof names[0] };
    size_t count;
    const struct canon_line *lines = take_lines(a, message, names, NAMES, 0, &count);
    if (!lines || !hash_parse(lines[1].words[1], &r->record) || !hash_parse(lines[2].words[1], &r->image) ||
        !take_times(&lines[7], &r->started_ms, &r->ended_ms))
        return false;
    r->version = lines[3].words[1];
    r->tools = lines[4].words[1];
    r->host = lines[5].words[1];
    r->user = lines[6].words[1];
    return true;
}

/* A name as git allows it in a commit. */
static const char *author(struct arena *a, const char *who, const char *where, int64_t ended_ms)
{
    char *user = arena_strdup(a, or_dash(who)), *host = arena_strdup(a, or_dash(where));
    for (char *words[] = {user, host}, **w = words; w < words + 2; w++)
        for (char *p = *w; *p; p++)
            if ((unsigned char)*p <= ' ' || strchr("<>@", *p))
                *p = '_';
    return arena_printf(a, "%s <%s@%s> %" PRId64 " +0000", user, user, host, ended_ms / 1000);
}

static bool damaged(const struct objects *o, const char *id, const char *why, struct diag *d)
{
    diag_fail(d, objects_fault(o), SPAN_NONE, "commit %s of the log of builds: %s", id, why);
    return objects_fault(o) == DIAG_INTEGRITY &&
           diag_help(d, "'git -C <store>/objects fsck' names a file that is damaged, and 'git index-pack' makes the .idx of a pack anew; if that does not help, or a pack is gone, "
                        "'git -C <store>/objects update-ref -d refs/ukc/log' and 'ukc store reindex' begin a new log of what can still be read, and 'ukc store pull' adds what another store has");
}

/* The index says all that the log does, and the records are there. */
static bool damaged_reference(const struct objects *o, const char *why, struct diag *d)
{
    diag_fail(d, objects_fault(o), SPAN_NONE, "the log of builds cannot be read: %s", why);
    return objects_fault(o) == DIAG_INTEGRITY &&
           diag_help(d, "move <store>/objects/refs/ukc/log away (or packed-refs, if it is there), and 'ukc store reindex' writes the log again from the index");
}

/* A commit that is no run, a merge perhaps, is somebody's on top of a log; with nothing below, it is something else. */
static bool leads_on(const char *bytes, size_t size)
{
    struct arena *a = arena_create();
    size_t parents;
    objects_parse_parents(a, bytes, size, &parents);
    arena_destroy(a);
    return parents > 0;
}

static bool is_entry(const char *bytes, size_t size, const char *message)
{
    return string_starts(message, "ukc-run ") || string_starts(message, "ukc-reproduction ") || leads_on(bytes, size);
}

/* Commits on top of the newest: the reference moves at the end, if nobody else moved it. */
struct line {
    struct objects *objects;
    char first[OBJECT_HEX];
    const char *from, *tip; /* NULL: there is no log */
};

static bool begin(struct line *l, struct objects *o, struct arena *a, struct diag *d)
{
    const char *damage = NULL;
    *l = (struct line){.objects = o};
    enum object_status status = objects_reference(o, a, HISTORY_REFERENCE, l->first, &damage);
    if (status == OBJECT_OK)
        l->from = l->tip = l->first;
    if (status == OBJECT_DAMAGED)
        return damaged_reference(o, damage, d);
    const char *bytes, *message;
    char tree[OBJECT_HEX];
    size_t size;
    status = l->tip ? objects_read(o, a, l->tip, OBJECT_COMMIT, &bytes, &size, &damage) : OBJECT_OK;
    if (status != OBJECT_OK) /* on top of it nobody would find it */
        return damaged(o, l->tip, status == OBJECT_ABSENT ? "it is not in the store" : damage, d);
    return !l->tip || (objects_parse_commit(a, bytes, size, tree, &message) && is_entry(bytes, size, message)) || damaged(o, l->tip, "it is no build", d);
}

static bool add(struct line *l, const char *tree, const char *who, const struct text *message, char id[OBJECT_HEX], struct diag *d)
{
    bool good = objects_put_commit(l->objects, tree, &l->tip, l->tip != NULL, who, text_string(message), id, d);
    l->tip = id;
    return good;
}

static bool end(const struct line *l, struct diag *d)
{
    return l->tip == l->from || objects_move_reference(l->objects, HISTORY_REFERENCE, l->from, l->tip, d);
}

bool history_add(struct objects *o, struct history_entry *entries, size_t count, struct diag *d)
{
    struct arena *a = arena_create();
    struct text message = {};
    struct line l;
    bool good = begin(&l, o, a, d);
    for (size_t i = 0; i < count && good; i++) {
        text_clear(&message);
        run_text(&entries[i].run, &message);
        good = add(&l, entries[i].tree, author(a, entries[i].run.user, entries[i].run.host, entries[i].run.ended_ms), &message, entries[i].id, d);
    }
    good = good && end(&l, d);
    text_dispose(&message);
    arena_destroy(a);
    return good;
}

bool history_add_reproduction(struct objects *o, const char *tree, const struct reproduction *r, char id[OBJECT_HEX], struct diag *d)
{
    struct arena *a = arena_create();
    struct text message = {};
    struct line l;
    reproduction_text(r, &message);
    bool good = begin(&l, o, a, d) && add(&l, tree, author(a, r->user, r->host, r->ended_ms), &message, id, d) && end(&l, d);
    text_dispose(&message);
    arena_destroy(a);
    return good;
}

/* ---- reading ---- */

struct walk {
    struct objects *objects;
    struct arena *arena;
    VEC(struct history_entry) entries;
    VEC(struct history_reproduction) reproductions;
    VEC(const char *) waiting; /* ids of commits */
    struct map seen;
};

static bool take_commit(struct walk *w, const char *id, struct diag *d)
{
    const char *bytes, *damage = NULL, *message;
    size_t size;
    struct history_entry e = {};
    enum object_status status = objects_read(w->objects, w->arena, id, OBJECT_COMMIT, &bytes, &size, &damage);
    if (status != OBJECT_OK)
        return damaged(w->objects, id, status == OBJECT_ABSENT ? "it is not in the store" : damage, d);
    if (!objects_parse_commit(w->arena, bytes, size, e.tree, &message))
        return damaged(w->objects, id, "it is malformed", d);
    size_t parent_count;
    const char *const *parents = objects_parse_parents(w->arena, bytes, size, &parent_count);
    for (size_t i = 0; i < parent_count; i++)
        if (map_add(&w->seen, parents[i], 1) == MAP_ABSENT)
            *vec_add(w->arena, &w->waiting) = parents[i];
    if (string_starts(message, "ukc-reproduction ")) {
        struct history_reproduction *r = vec_add(w->arena, &w->reproductions);
        memcpy(r->id, id, OBJECT_HEX);
        memcpy(r->tree, e.tree, OBJECT_HEX);
        return take_reproduction(w->arena, message, &r->reproduction) || damaged(w->objects, id, "its message is not one that ukc writes", d);
    }
    if (!string_starts(message, "ukc-run "))
        return leads_on(bytes, size) || damaged(w->objects, id, "it is no build", d);
    memcpy(e.id, id, OBJECT_HEX);
    if (!take_run(w->arena, message, &e.run))
        return damaged(w->objects, id, "its message is not one that ukc writes", d);
    *vec_add(w->arena, &w->entries) = e;
    return true;
}

static bool walk(struct walk *w, struct diag *d)
{
    char tip[OBJECT_HEX];
    const char *damage = NULL;
    enum object_status status = objects_reference(w->objects, w->arena, HISTORY_REFERENCE, tip, &damage);
    bool good = status != OBJECT_DAMAGED || damaged_reference(w->objects, damage, d);
    if (status == OBJECT_OK)
        *vec_add(w->arena, &w->waiting) = arena_strdup(w->arena, tip);
    while (good && w->waiting.count)
        good = take_commit(w, w->waiting.items[--w->waiting.count], d);
    map_dispose(&w->seen);
    return good;
}

bool history_read(struct objects *o, struct arena *a, struct history *log, struct diag *d)
{
    struct walk w = {.objects = o, .arena = a};
    bool good = walk(&w, d);
    vec_reverse(&w.entries);
    vec_reverse(&w.reproductions);
    *log = (struct history){w.entries.items, w.entries.count, w.reproductions.items, w.reproductions.count};
    return good;
}

/* ---- two logs ---- */

static const char *words_of(struct arena *a, const struct history_entry *run, const struct history_reproduction *reproduction)
{
    struct text t = {};
    if (run)
        run_text(&run->run, &t);
    else
        reproduction_text(&reproduction->reproduction, &t);
    const char *kept = text_keep(&t, a);
    text_dispose(&t);
    return kept;
}

struct history history_subtract(struct arena *a, const struct history *from, const struct history *to)
{
    struct map seen = {};
    VEC(struct history_entry) runs = {};
    VEC(struct history_reproduction) reproductions = {};
    for (size_t i = 0; i < to->run_count; i++)
        map_add(&seen, words_of(a, &to->runs[i], NULL), 1);
    for (size_t i = 0; i < to->reproduction_count; i++)
        map_add(&seen, words_of(a, NULL, &to->reproductions[i]), 1);
    for (size_t i = 0; i < from->run_count; i++)
        if (map_add(&seen, words_of(a, &from->runs[i], NULL), 1) == MAP_ABSENT)
            *vec_add(a, &runs) = from->runs[i];
    for (size_t i = 0; i < from->reproduction_count; i++)
        if (map_add(&seen, words_of(a, NULL, &from->reproductions[i]), 1) == MAP_ABSENT)
            *vec_add(a, &reproductions) = from->reproductions[i];
    map_dispose(&seen);
    return (struct history){runs.items, runs.count, reproductions.items, reproductions.count};
}
