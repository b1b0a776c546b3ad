/*
 * exchange_push.c - the store's records go to a remote; see exchange.h.
 */
#include "exchange_inside.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "git_program.h"

#define TRIES 50

/* The git id of a file's bytes; `write`: which come into the meeting place.  NULL after reporting. */
static const char *blob_id(struct exchange *x, const char *path, bool write)
{
    struct text out = {}, err = {};
    const char *words[] = {"hash-object", "--no-filters", write ? "-w" : "--", write ? "--" : path, write ? path : NULL, NULL};
    int status = git_run(x->a, x->place, words, 0, &out, &err, x->d);
    const char *id = status == 0 ? arena_strndup(x->a, text_string(&out), OBJECT_HEX - 1) : NULL;
    if (status > 0)
        git_failed("git cannot take a large input", &err, x->d);
    text_dispose(&out);
    text_dispose(&err);
    return id;
}

/* The remote may have it already, or something else under its name.  Of one that is not needed only what is right goes. */
static bool give_file(struct exchange *x, const struct large_input *large, bool needed, word_list *words)
{
    const char *hex = hash_text(x->a, &large->sha256);
    if (map_add(&x->given, hex, 1) != MAP_ABSENT)
        return true;
    const char *path = path_absolute(x->a, blob_path(x->a, x->records->store, &large->sha256));
    enum blob_state state = blob_look(x->records->store, &large->sha256);
    if (state != BLOB_RIGHT && !needed)
        return true;
    switch (state) {
    case BLOB_RIGHT:
        break;
    case BLOB_ABSENT:
        return diag_fail(x->d, DIAG_MISSING, SPAN_NONE, "the input '%s' is not in the store: '%s'", large->path, path) || diag_help(x->d, BLOB_REMEDY);
    case BLOB_WRONG:
        return diag_fail(x->d, DIAG_INTEGRITY, SPAN_NONE, "'%s' does not have the SHA-256 that it is named by", path) || diag_help(x->d, BLOB_REMEDY);
    case BLOB_UNREADABLE:
        return diag_fail(x->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", path, strerror(errno));
    }
    bool named = map_get(&x->files, hex) != MAP_ABSENT;
    const char *id = blob_id(x, path, !named);
    if (id && named && map_get(&x->files, arena_printf(x->a, "%s %s", hex, id)) != MAP_ABSENT)
        return true;
    if (id && named)
        id = blob_id(x, path, true);
    if (id)
        *vec_add(x->a, words) = arena_printf(x->a, "+%s:" FILES "%s", id, hex);
    return id;
}

/* Of these, how many records the other log does not have. */
static size_t count_new(const tree_list *trees, const struct history *theirs)
{
    struct map known = {};
    size_t n = 0;
    for (size_t i = 0; i < theirs->run_count; i++)
        map_add(&known, theirs->runs[i].tree, 1);
    for (size_t i = 0; i < trees->count; i++)
        n += map_add(&known, trees->items[i].tree, 1) == MAP_ABSENT;
    map_dispose(&known);
    return n;
}

/* What goes out is right; and its large inputs go too. */
static bool give_records(struct exchange *x, const struct history *log, const struct history *theirs, word_list *words, size_t *count)
{
    tree_list trees = {};
    exchange_list_trees(x, log, &trees);
    struct objects *own = objects_open(x->records->objects, x->d);
    bool good = own != NULL;
    for (size_t i = 0; i < trees.count && good; i++) {
        struct arena *a = arena_create();
        const struct recorded *r = recorded_read(own, a, trees.items[i].tree, &trees.items[i].id, true, x->d);
        good = r || recorded_remedy(&trees.items[i].id, x->d);
        for (size_t k = 0; good && k < r->recipe.large_count; k++)
            good = give_file(x, &r->recipe.large[k], true, words);
        arena_destroy(a);
    }
    objects_close(own);
    *count = count_new(&trees, theirs);
    return good;
}

/* Can a record have any?  Other files of this size are images and tools. */
static bool has_large_files(struct exchange *x)
{
    size_t count = 0;
    bool found = false;
    struct file_stat st;
    const struct blob_listed *list = blobs_list(x->a, x->records->store, &count);
    for (size_t i = 0; i < count && !found; i++)
        found = file_stat(list[i].path, &st) && st.size > LARGE_INPUT;
    return found;
}

/* Of records that the remote has: somebody may have taken the log there, and nothing else.  What is not here either is not missed. */
static bool give_missing_files(struct exchange *x, const struct history *log, word_list *words)
{
    tree_list trees = {};
    struct objects *own = has_large_files(x) ? objects_open(x->records->objects, x->d) : NULL;
    if (own)
        exchange_list_trees(x, log, &trees);
    bool good = true;
    for (size_t i = 0; i < trees.count && good; i++) {
        struct arena *a = arena_create();
        struct diag *quiet = diag_create();
        struct recorded r = {};
        bool known = recorded_read_facts(own, a, trees.items[i].tree, &trees.items[i].id, &r, quiet);
        for (size_t k = 0; known && good && k < r.recipe.large_count; k++)
            good = give_file(x, &r.recipe.large[k], false, words);
        diag_destroy(quiet);
        arena_destroy(a);
    }
    objects_close(own);
    return good;
}

/* On top of the remote's log, in the meeting place; `words` get what is to be pushed. */
static bool stack(struct exchange *x, const struct history *log, word_list *words)
{
    char tip[OBJECT_HEX];
    const char *damage;
    struct objects *o = objects_open(x->place, x->d);
    struct history_entry *runs = arena_array(x->a, struct history_entry, log->run_count);
    for (size_t i = 0; i < log->run_count; i++)
        runs[i] = log->runs[i];
    bool good = o && history_add(o, runs, log->run_count, x->d);
    for (size_t i = 0; i < log->reproduction_count && good; i++) {
        char id[OBJECT_HEX];
        good = history_add_reproduction(o, log->reproductions[i].tree, &log->reproductions[i].reproduction, id, x->d);
    }
    good = good && objects_reference(o, x->a, HISTORY_REFERENCE, tip, &damage) == OBJECT_OK;
    if (good)
        *vec_add(x->a, words) = arena_printf(x->a, "%s:" HISTORY_REFERENCE, tip);
    objects_close(o);
    return good;
}

enum pushing { PUSHED, OVERTAKEN, FAILED };

/* git, or its server, did not move the log, because it is no longer what it was: said beside the reference, or by the server. */
static bool was_overtaken(const char *said)
{
    static const char *const words[] = {"[rejected]", "cannot lock ref", "failed to update ref", "incorrect old value", "reference already exists"};
    if (strstr(said, "Permission denied") || strstr(said, "Read-only file system") || strstr(said, "No space left"))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(said, words[i]))
            return true;
    return false;
}

static enum pushing run_push(struct exchange *x, word_list *words)
{
    struct text out = {}, err = {};
    *vec_add(x->a, words) = NULL;
    int status = git_run(x->a, x->place, words->items, x->patience, &out, &err, x->d);
    enum pushing result = status == 0 ? PUSHED : FAILED;
    if (status > 0 && (was_overtaken(text_string(&out)) || was_overtaken(text_string(&err))))
        result = OVERTAKEN;
    x->said = text_keep(err.size ? &err : &out, x->a);
    if (result == FAILED && status > 0)
        git_failed(arena_printf(x->a, "'%s' does not take the log", x->remote), err.size ? &err : &out, x->d);
    text_dispose(&out);
    text_dispose(&err);
    return result;
}

/* What only the index knows of would stay here, and nobody would hear of it. */
static bool is_whole(struct exchange *x)
{
    struct objects *own = objects_open(x->records->objects, x->d);
    bool good = own && records_refuse_unlogged(x->records, own, "nothing was pushed: ", x->d);
    objects_close(own);
    return good;
}

static enum pushing try_push(struct exchange *x, struct exchanged *out)
{
    static const char *const first[] = {"push", "--porcelain", "--progress", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--atomic", "--"};
    struct history ours, theirs;
    word_list words = {};
    if (!exchange_meet(x) || !is_whole(x) || !exchange_read_logs(x, &ours, &theirs))
        return FAILED;
    struct history new = history_subtract(x->a, &ours, &theirs);
    *out = (struct exchanged){.runs = new.run_count, .reproductions = new.reproduction_count};
    bool any = new.run_count + new.reproduction_count > 0;
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
        *vec_add(x->a, &words) = first[i];
    *vec_add(x->a, &words) = x->remote;
    size_t before = words.count;
    if (!give_records(x, &new, &theirs, &words, &out->records) || !give_missing_files(x, &ours, &words) || (any && !stack(x, &new, &words)))
        return FAILED;
    return words.count > before ? run_push(x, &words) : PUSHED;
}

/* Longer each time, and not as long as the other. */
static void wait_a_little(unsigned tries)
{
    long ms = 20 + (long)(tries < 10 ? tries : 10) * (20 + getpid() % 37);
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

bool exchange_push_there(struct exchange *x, struct exchanged *out)
{
    for (unsigned i = 0; i < TRIES; i++) {
        enum pushing result = try_push(x, out);
        if (result != OVERTAKEN)
            return result == PUSHED;
        map_dispose(&x->files);
        map_dispose(&x->given);
        x->files = x->given = (struct map){};
        wait_a_little(i);
    }
    struct text said = {};
    text_puts(&said, x->said);
    git_failed(arena_printf(x->a, "the log of '%s' could not be moved, %d times: others push all the time, or it is locked", x->remote, TRIES), &said, x->d);
    text_dispose(&said);
    return false;
}
