/*
 * exchange.c - see exchange.h.
 *
 * Both ways begin alike: a fresh bare repository below the store, whose alternate is the store's own, and into which git fetches the
 * remote's log.  What came is there, and not in the store.
 *
 *   pull   reads that log; verifies each record that is new, and makes its tree again; then adds objects, and runs on top
 *          of this store's log, as the import of a bundle does.  No commit of the remote comes into the store.
 *   push   adds this store's runs that the remote lacks on top of the remote's log, there, and pushes that: always a fast-forward.
 *          git's server compares the old value when it moves the reference, so that of two who push at once one is refused,
 *          and begins again.
 *
 * A run is what it says: two commits with one message are one run.
 */
#include "exchange.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/map.h"
#include "../ukc/base/text.h"
#include "blobs.h"
#include "git_program.h"
#include "import.h"
#include "objects_inside.h"
#include "records_inside.h"

#define TRIES 50
#define FILES "refs/ukc/files/"
#define PUSH_AGAIN "'ukc store push' from a store that has it whole puts it there"

struct exchange {
    struct arena *a;
    struct records *records;
    const char *remote, *place; /* the meeting place: a repository below the store */
    unsigned patience;
    int lock;
    bool has_log;           /* the remote */
    struct map files;       /* SHA-256 of the large inputs that it has; and "<SHA-256> <id of the blob>" */
    struct map given;       /* SHA-256 of those that were looked at for this push */
    struct objects *theirs; /* the place, to be read; it is not closed */
    const char *said;       /* by git, when a push was refused */
    struct diag *d;
};

/* A tree, and the record that it should be. */
struct given_tree {
    const char *tree;
    struct hash id;
};
typedef VEC(struct given_tree) tree_list;
typedef VEC(const char *) word_list;

/* ---- the meeting place ---- */

static int take_lock(struct exchange *x)
{
    const char *path = path_join(x->a, x->records->store, "exchange.lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        diag_fail(x->d, DIAG_OUTSIDE, SPAN_NONE, "the store cannot be written: '%s': %s", path, strerror(errno));
    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    return fd;
}

/* What is there is of a process that died: only the holder of the lock works there. */
static bool make_place(struct exchange *x)
{
    struct text err = {};
    const char *alternates = path_join(x->a, x->place, "objects/info/alternates");
    const char *line = arena_printf(x->a, "%s/objects\n", path_absolute(x->a, x->records->objects));
    struct objects *own = objects_open(x->records->objects, x->d); /* it is made, if it is not there */
    bool good = own && file_remove_tree(x->place, x->d) && file_make_directories(x->place, x->d);
    objects_close(own);
    if (good && git_run(x->a, x->place, (const char *const[]){"init", "--quiet", "--bare", "--template=", "--initial-branch=none", ".", NULL}, 0, &err, &err, x->d) != 0)
        good = diag_status(x->d) != DIAG_OK ? false : git_failed("git cannot make a repository in the store", &err, x->d);
    text_dispose(&err);
    return good && file_write(alternates, line, strlen(line), NULL, x->d);
}

static bool begin(struct exchange *x)
{
    if (x->remote[0] == '-' || !*x->remote)
        return diag_fail(x->d, DIAG_USAGE, SPAN_NONE, "'%s' is no address of a repository", x->remote);
    if (x->records->read_only)
        return diag_fail(x->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written", x->records->path);
    if (file_exists(x->remote))
        x->remote = path_absolute(x->a, x->remote);
    x->place = path_absolute(x->a, path_join(x->a, x->records->store, "exchange"));
    x->lock = take_lock(x);
    return x->lock >= 0;
}

static void end(struct exchange *x)
{
    struct diag *quiet = diag_create(); /* what cannot be removed now is removed by the next */
    if (x->lock >= 0 && x->place)
        file_remove_tree(x->place, quiet);
    if (x->lock >= 0)
        close(x->lock);
    diag_destroy(quiet);
    map_dispose(&x->files);
    map_dispose(&x->given);
    arena_destroy(x->a);
}

/* ---- what the remote has ---- */

static bool cannot_be_asked(struct exchange *x, const struct text *err)
{
    git_failed(arena_printf(x->a, "'%s' cannot be read", x->remote), err, x->d);
    return diag_help(x->d, "a remote is a git repository: 'git init --bare DIRECTORY' makes one");
}

static bool list_references(struct exchange *x)
{
    struct text out = {}, err = {};
    char name[300], id[OBJECT_HEX];
    int status = git_run(x->a, x->place, (const char *const[]){"ls-remote", "--quiet", "--", x->remote, "refs/ukc/*", NULL}, x->patience, &out, &err, x->d);
    bool good = status == 0 || (status > 0 && cannot_be_asked(x, &err));
    x->has_log = false;
    for (const char *line = text_string(&out); good && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (sscanf(line, "%40[0-9a-f]\t%299[^\n]", id, name) != 2)
            continue;
        x->has_log = x->has_log || strcmp(name, HISTORY_REFERENCE) == 0;
        if (string_starts(name, FILES)) {
            map_add(&x->files, arena_strdup(x->a, name + strlen(FILES)), 1);
            map_add(&x->files, arena_printf(x->a, "%s %s", name + strlen(FILES), id), 1);
        }
    }
    text_dispose(&out);
    text_dispose(&err);
    return good;
}

/* So that git asks only for what is new. */
static void tell_what_is_here(struct exchange *x, const char *tip)
{
    struct text ignored = {};
    git_run(x->a, x->place, (const char *const[]){"update-ref", "refs/ukc/ours", tip, NULL}, 0, &ignored, &ignored, x->d);
    text_dispose(&ignored);
}

static bool fetch(struct exchange *x, const char *reference)
{
    struct text err = {};
    const char *both = arena_printf(x->a, "+%s:%s", reference, reference);
    int status = git_run(x->a, x->place, (const char *const[]){"fetch", "--quiet", "--progress", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--", x->remote,
                                                               both, NULL}, x->patience, &err, &err, x->d);
    bool good = status == 0 || (status > 0 && git_failed(arena_printf(x->a, "what '%s' has cannot be taken; nothing was changed", x->remote), &err, x->d));
    text_dispose(&err);
    return good;
}

/* A place with the remote's log. */
static bool meet(struct exchange *x)
{
    char tip[OBJECT_HEX];
    const char *damage, *fault;
    struct objects *own = make_place(x) ? objects_open(x->records->objects, x->d) : NULL;
    if (!own)
        return false;
    if (objects_reference(own, x->a, HISTORY_REFERENCE, tip, &damage) == OBJECT_OK)
        tell_what_is_here(x, tip);
    objects_close(own);
    if (!list_references(x) || (x->has_log && !fetch(x, HISTORY_REFERENCE)))
        return false;
    if (!libgit2_start(x->d))
        return false;
    x->theirs = objects_borrow(x->a, x->place, &fault);
    return x->theirs || diag_fail(x->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be used: %s", x->place, fault);
}

/* ---- logs ---- */

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

/* What `from` says and `to` does not, each once, in the order of `from`. */
static struct history subtract(struct arena *a, const struct history *from, const struct history *to)
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

/* Both logs; false after reporting. */
static bool read_logs(struct exchange *x, struct history *ours, struct history *theirs)
{
    struct objects *own = objects_open(x->records->objects, x->d);
    bool good = own && history_read(own, x->a, ours, x->d);
    objects_close(own);
    if (good && !history_read(x->theirs, x->a, theirs, x->d))
        good = diag_help(x->d, "this is the log of '%s'; nothing was changed", x->remote);
    return good;
}

/* ---- pull ---- */

/* The trees of the runs and reproductions, each once, with the record that it should be. */
static void list_trees(struct exchange *x, const struct history *log, tree_list *out)
{
    struct map seen = {};
    for (size_t i = 0; i < log->run_count + log->reproduction_count; i++) {
        bool run = i < log->run_count;
        const struct history_reproduction *p = run ? NULL : &log->reproductions[i - log->run_count];
        struct given_tree t = {.tree = run ? log->runs[i].tree : p->tree, .id = run ? log->runs[i].run.record : p->reproduction.record};
        char hex[HASH_HEX];
        hash_hex(&t.id, hex);
        if (map_add(&seen, arena_printf(x->a, "%s %s", t.tree, hex), 1) == MAP_ABSENT)
            *vec_add(x->a, out) = t;
    }
    map_dispose(&seen);
}

/* A large input, out of the remote; what is read is what its SHA-256 says, or nothing. */
static bool take_file(struct exchange *x, const struct large_input *large)
{
    char hex[HASH_HEX];
    struct stream s;
    hash_hex(&large->sha256, hex);
    if (blob_look(x->records->store, &large->sha256) == BLOB_RIGHT)
        return true;
    if (map_get(&x->files, hex) == MAP_ABSENT) {
        diag_fail(x->d, DIAG_MISSING, SPAN_NONE, "'%s' does not have the input '%s' (%.12s); nothing was added to the log", x->remote, large->path, hex);
        return diag_help(x->d, PUSH_AGAIN);
    }
    const char *reference = arena_printf(x->a, FILES "%s", hex);
    if (!fetch(x, reference))
        return false;
    if (!stream_start(x->a, &s, (const char *const[]){"git", "-C", x->place, "--git-dir=.", "cat-file", "blob", reference, NULL}, path_join(x->a, x->place, "file")))
        return diag_fail(x->d, DIAG_OUTSIDE, SPAN_NONE, "git cannot be started: %s", strerror(errno));
    bool good = blob_take(x->records->store, s.fd, reference, &large->sha256, large->size, x->d);
    stream_finish(x->a, &s, false);
    return good || diag_help(x->d, PUSH_AGAIN);
}

static bool verify_tree(struct exchange *x, const struct given_tree *t)
{
    struct arena *a = arena_create();
    const struct recorded *r = recorded_check(x->theirs, a, t->tree, &t->id, x->d);
    bool good = r || diag_help(x->d, "'%s' has it like that; nothing was changed", x->remote);
    arena_destroy(a);
    return good;
}

static bool take_files(struct exchange *x, const struct given_tree *t)
{
    struct arena *a = arena_create();
    struct recorded r;
    bool good = recorded_read_facts(x->theirs, a, t->tree, &t->id, &r, x->d);
    for (size_t i = 0; good && i < r.recipe.large_count; i++)
        good = take_file(x, &r.recipe.large[i]);
    arena_destroy(a);
    return good;
}

/* The objects of a verified tree: all of them are those of a record. */
static bool copy_tree(struct exchange *x, struct objects *own, const char *tree)
{
    struct arena *a = arena_create();
    const struct object_entry *entries;
    size_t count = 0;
    const char *damage = NULL;
    struct object_given o = {.is_tree = true};
    bool good = objects_read_entries(x->theirs, a, tree, &entries, &count, &damage) == OBJECT_OK;
    for (size_t i = 0; good && i <= count; i++) {
        o.is_tree = i == count || strcmp(entries[i].mode, "40000") == 0;
        size_t size = 0;
        if (i < count && o.is_tree) {
            good = copy_tree(x, own, entries[i].id);
            continue;
        }
        good = objects_read(x->theirs, a, i < count ? entries[i].id : tree, o.is_tree ? OBJECT_TREE : OBJECT_BLOB, &o.bytes, &size, &damage) == OBJECT_OK;
        o.size = size;
        good = good && objects_put(own, &o, x->d);
    }
    arena_destroy(a);
    return good || diag_errors(x->d) || diag_fail(x->d, DIAG_INTEGRITY, SPAN_NONE, "%s", damage);
}

static bool add_all(struct exchange *x, struct objects *own, const struct history *log, const tree_list *trees, struct exchanged *out)
{
    struct arena *a = arena_create();
    bool good = true;
    for (size_t i = 0; i < trees->count && good; i++) { /* as they are in the store now: a pack may have had another object of the same SHA-1 */
        good = copy_tree(x, own, trees->items[i].tree) && recorded_read(own, a, trees->items[i].tree, &trees->items[i].id, true, x->d);
        arena_destroy(a);
        a = arena_create();
    }
    size_t before = 0, after = 0;
    good = good && records_count(x->records, &before, x->d) && records_add_log(x->records, own, log, x->d) && records_count(x->records, &after, x->d);
    *out = (struct exchanged){after - before, log->run_count, log->reproduction_count};
    arena_destroy(a);
    return good;
}

static bool pull(struct exchange *x, struct exchanged *out)
{
    struct history ours, theirs;
    tree_list trees = {};
    if (!meet(x) || !x->has_log || !read_logs(x, &ours, &theirs))
        return diag_errors(x->d) == 0;
    struct history new = subtract(x->a, &theirs, &ours);
    list_trees(x, &new, &trees);
    objects_close_writing(x->theirs);
    bool good = true;
    for (size_t i = 0; i < trees.count && good; i++)
        good = verify_tree(x, &trees.items[i]);
    struct objects *own = good ? objects_open(x->records->objects, x->d) : NULL; /* from here on nobody takes away what nothing names yet */
    for (size_t i = 0; own && i < trees.count && good; i++)
        good = take_files(x, &trees.items[i]);
    good = own && good && add_all(x, own, &new, &trees, out);
    objects_close(own);
    return good;
}

/* ---- push ---- */

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

/* The remote may have it already, or something else under its name. */
static bool give_file(struct exchange *x, const struct large_input *large, word_list *words)
{
    char hex[HASH_HEX];
    hash_hex(&large->sha256, hex);
    if (map_add(&x->given, arena_strdup(x->a, hex), 1) != MAP_ABSENT)
        return true;
    const char *path = path_absolute(x->a, blob_path(x->a, x->records->store, &large->sha256));
    switch (blob_look(x->records->store, &large->sha256)) {
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
    list_trees(x, log, &trees);
    struct objects *own = objects_open(x->records->objects, x->d);
    bool good = own != NULL;
    for (size_t i = 0; i < trees.count && good; i++) {
        struct arena *a = arena_create();
        const struct recorded *r = recorded_read(own, a, trees.items[i].tree, &trees.items[i].id, true, x->d);
        good = r || recorded_remedy(&trees.items[i].id, x->d);
        for (size_t k = 0; good && k < r->recipe.large_count; k++)
            good = give_file(x, &r->recipe.large[k], words);
        arena_destroy(a);
    }
    objects_close(own);
    *count = count_new(&trees, theirs);
    return good;
}

/* Can a record have any?  Other files of this size are images and tools. */
static bool has_large_files(struct exchange *x)
{
    bool found = false;
    for (unsigned k = 0; k < 256 && !found; k++) {
        const char *path = arena_printf(x->a, "%s/blobs/%02x", x->records->store, k);
        DIR *dir = opendir(path);
        struct stat st;
        for (struct dirent *e; dir && !found && (e = readdir(dir));)
            found = e->d_name[0] != '.' && fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size > LARGE_INPUT;
        if (dir)
            closedir(dir);
    }
    return found;
}

/* Of records that the remote has: somebody may have taken the log there, and nothing else.  What is not here either is not missed. */
static bool give_missing_files(struct exchange *x, const struct history *log, word_list *words)
{
    tree_list trees = {};
    struct objects *own = has_large_files(x) ? objects_open(x->records->objects, x->d) : NULL;
    if (own)
        list_trees(x, log, &trees);
    bool good = true;
    for (size_t i = 0; i < trees.count && good; i++) {
        struct arena *a = arena_create();
        struct diag *quiet = diag_create();
        struct recorded r = {};
        bool known = recorded_read_facts(own, a, trees.items[i].tree, &trees.items[i].id, &r, quiet);
        for (size_t k = 0; known && good && k < r.recipe.large_count; k++)
            good = blob_look(x->records->store, &r.recipe.large[k].sha256) != BLOB_RIGHT || give_file(x, &r.recipe.large[k], words);
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
    if (!meet(x) || !is_whole(x) || !read_logs(x, &ours, &theirs))
        return FAILED;
    struct history new = subtract(x->a, &ours, &theirs);
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

static bool push(struct exchange *x, struct exchanged *out)
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

/* ---- both ---- */

static bool exchange(struct records *r, const char *remote, unsigned patience, bool (*way)(struct exchange *, struct exchanged *), struct exchanged *out, struct diag *d)
{
    struct exchange x = {.a = arena_create(), .records = r, .remote = remote, .patience = patience, .lock = -1, .d = d};
    *out = (struct exchanged){};
    bool good = begin(&x) && way(&x, out);
    end(&x);
    return good;
}

bool exchange_pull(struct records *r, const char *remote, unsigned patience, struct exchanged *out, struct diag *d)
{
    return exchange(r, remote, patience, pull, out, d);
}

bool exchange_push(struct records *r, const char *remote, unsigned patience, struct exchanged *out, struct diag *d)
{
    return exchange(r, remote, patience, push, out, d);
}
