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
#include "exchange_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "git_program.h"
#include "import.h"
#include "objects_inside.h"

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

bool exchange_fetch(struct exchange *x, const char *reference)
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
bool exchange_meet(struct exchange *x)
{
    char tip[OBJECT_HEX];
    const char *damage, *fault;
    struct objects *own = make_place(x) ? objects_open(x->records->objects, x->d) : NULL;
    if (!own)
        return false;
    if (objects_reference(own, x->a, HISTORY_REFERENCE, tip, &damage) == OBJECT_OK)
        tell_what_is_here(x, tip);
    objects_close(own);
    if (!list_references(x) || (x->has_log && !exchange_fetch(x, HISTORY_REFERENCE)))
        return false;
    if (!libgit2_start(x->d))
        return false;
    x->theirs = objects_borrow(x->a, x->place, &fault);
    return x->theirs || diag_fail(x->d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be used: %s", x->place, fault);
}

/* ---- logs ---- */

/* Both logs; false after reporting. */
bool exchange_read_logs(struct exchange *x, struct history *ours, struct history *theirs)
{
    struct objects *own = objects_open(x->records->objects, x->d);
    bool good = own && history_read(own, x->a, ours, x->d);
    objects_close(own);
    if (good && !history_read(x->theirs, x->a, theirs, x->d))
        good = diag_help(x->d, "this is the log of '%s'; nothing was changed", x->remote);
    return good;
}

/* The trees of the runs and reproductions, each once, with the record that it should be. */
void exchange_list_trees(struct exchange *x, const struct history *log, tree_list *out)
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
    return exchange(r, remote, patience, exchange_pull_here, out, d);
}

bool exchange_push(struct records *r, const char *remote, unsigned patience, struct exchanged *out, struct diag *d)
{
    return exchange(r, remote, patience, exchange_push_there, out, d);
}
