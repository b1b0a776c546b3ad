/*
 * store.c - the store's directory, its lock, and the way of an import.
 *
 *     fresh in unpacked/?  yes: done, without a lock
 *     take store.lock; remove what a dead process left in tmp/
 *     in objects/?         yes: check unpacked/, or rebuild it from the objects
 *     else                 fetch, unpack, verify and patch in tmp/, write the objects,
 *                          then name them (a reference), then place unpacked/
 *
 * Of alternatives, the pinned one goes this way alone first; then the others
 * together, step by step.
 *
 * Each step is complete before the next one says that it is: a process that
 * dies leaves only files in tmp/ and objects that nothing names.
 */
#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "job.h"

#define LOCK_SECONDS 900 /* another import may be downloading */

struct store {
    struct arena *arena;
    const char *directory; /* absolute */
    bool offline;
    enum origins origins;
};

struct store *store_open(const char *directory, struct diag *d)
{
    struct arena *a = arena_create();
    directory = directory ? path_absolute(a, directory) : store_place(a);
    if (!directory) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "there is no place for the store: none of UKC_STORE, XDG_DATA_HOME and HOME is set");
        diag_help(d, "set UKC_STORE to a directory");
    }
    if (!directory || !file_make_directories(directory, d)) {
        arena_destroy(a);
        return NULL;
    }
    struct store *s = arena_new(a, struct store);
    *s = (struct store){a, directory};
    return s;
}

void store_close(struct store *s)
{
    if (s)
        arena_destroy(s->arena);
}

const char *store_directory(const struct store *s)
{
    return s->directory;
}

void store_set_offline(struct store *s)
{
    s->offline = true;
}

void store_set_origins(struct store *s, enum origins origins)
{
    s->origins = origins;
}

/* ---- the lock ---- */

int store_lock(const struct store *s, struct diag *d)
{
    const char *path = path_join(s->arena, s->directory, "store.lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "the store cannot be written: '%s': %s", path, strerror(errno));
        diag_help(d, "set UKC_STORE to a directory that can be written");
        return -1;
    }
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || tries >= LOCK_SECONDS * 20) {
            diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be locked: %s", path,
                      errno == EWOULDBLOCK ? "another process has held it for 15 minutes" : strerror(errno));
            close(fd);
            return -1;
        }
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
    return fd;
}

/* ---- one import ---- */

/* An import: one job, or one for each alternative, the pinned one in front. */
struct search {
    struct store *store;
    struct arena *arena;
    const struct import *import;
    struct job *jobs;
    size_t count;
    const char *tmp;
    bool use;     /* a whole repository for a manifest */
    bool skipped; /* a source, because the network may not be asked */
    struct diag *diag;
};

static const struct lock_pin *find_pin(const struct lock *l, const struct wanted *w, const char *kind)
{
    for (size_t i = 0; l && i < l->pin_count; i++)
        if (string_equal(l->pins[i].kind, kind) && string_equal(l->pins[i].name, w->import->name.text) &&
            string_equal(wanted_is_tree(w) ? l->pins[i].from : l->pins[i].sha256, w->id))
            return &l->pins[i];
    return NULL;
}

static struct job *find_fresh(struct search *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (unpacked_is_fresh(s->arena, &s->jobs[i].unpacked))
            return &s->jobs[i];
    return NULL;
}

/* From the objects.  NULL: none has any, or an error was reported. */
static struct job *find_stored(struct search *s, size_t from, size_t to)
{
    size_t errors = diag_errors(s->diag);
    for (size_t i = from; i < to; i++) {
        enum object_status status = job_restore(&s->jobs[i], &s->jobs[i].attempt.damage);
        if (diag_errors(s->diag) != errors)
            return NULL;
        if (status == OBJECT_OK)
            return &s->jobs[i];
    }
    return NULL;
}

static bool needs_network(const struct import *i)
{
    return i->kind != IMPORT_GIT || !location_is_local(i->repository.text);
}

static struct job *find_outside(struct search *s, enum way way, size_t from, size_t to)
{
    size_t errors = diag_errors(s->diag);
    for (size_t i = from; i < to && diag_errors(s->diag) == errors; i++) {
        bool skip = s->store->offline && needs_network(s->jobs[i].wanted->import);
        s->skipped = s->skipped || skip;
        if (!skip && job_import(&s->jobs[i], way)) {
            s->jobs[i].outside = true;
            return &s->jobs[i];
        }
    }
    return NULL;
}

static struct job *find(struct search *s)
{
    size_t errors = diag_errors(s->diag), from = 0, to = s->jobs[0].pin ? 1 : s->count;
    struct job *found = NULL;
    while (from < s->count && !found && diag_errors(s->diag) == errors) {
        found = find_fresh(s, from, to); /* another process was faster */
        if (!found)
            found = find_stored(s, from, to);
        for (enum way way = WAY_ACCEPTED; way <= WAY_POOL && !found && diag_errors(s->diag) == errors; way++)
            found = find_outside(s, way, from, to);
        from = to;
        to = s->count;
    }
    if (!found && diag_errors(s->diag) == errors)
        found = find_outside(s, WAY_CANDIDATE, 0, s->count);
    return found;
}

static void report(const struct search *s)
{
    struct attempt **list = arena_array(s->arena, struct attempt *, s->count);
    for (size_t i = 0; i < s->count; i++)
        list[i] = &s->jobs[i].attempt;
    report_failure(s->arena, list, s->count, s->import->name.span, s->skipped, s->diag);
}

static bool prepare(struct search *s, struct objects **objects)
{
    /* what is in tmp/ now is of a process that died: only the holder of the lock works there */
    if (!file_remove_tree(s->tmp, s->diag))
        return false;
    for (size_t i = 0; i < s->count; i++) {
        struct job *j = &s->jobs[i];
        if (!file_make_directories(j->work, s->diag))
            return false;
        if (!objects_reference_is_valid(j->reference))
            return diag_error(s->diag, j->wanted->import->name.span, "the package name '%s' cannot be stored", j->wanted->import->name.text);
    }
    *objects = objects_open(path_join(s->arena, s->store->directory, "objects"), s->diag);
    for (size_t i = 0; i < s->count; i++)
        s->jobs[i].objects = *objects;
    return *objects != NULL;
}

static struct job *locked(struct search *s)
{
    size_t errors = diag_errors(s->diag);
    struct objects *objects = NULL;
    struct job *found = find_fresh(s, 0, s->jobs[0].pin ? 1 : s->count);
    if (found || !prepare(s, &objects))
        return found;
    found = find(s);
    objects_close(objects);
    if (!found && diag_errors(s->diag) == errors)
        report(s);
    for (size_t i = 0; found && i < s->count; i++)
        report_warnings(s->arena, &s->jobs[i].attempt, found->wanted->import, found->unpacked.version, s->diag);
    return diag_errors(s->diag) == errors ? found : NULL;
}

static struct job *fetch(struct search *s)
{
    struct job *found = find_fresh(s, 0, s->jobs[0].pin ? 1 : s->count);
    if (found)
        return found;
    int fd = store_lock(s->store, s->diag);
    if (fd < 0)
        return NULL;
    found = locked(s);
    struct diag *quiet = diag_create(); /* what cannot be removed now is removed by the next */
    file_remove_tree(s->tmp, quiet);
    diag_destroy(quiet);
    if (found && found->outside && found->wanted->import->kind == IMPORT_GIT)
        origin_add(s->arena, s->store->directory, found->wanted->import);
    if (found && !unpacked_remember(s->arena, &found->unpacked, s->diag)) /* last: with it, nobody looks here again */
        found = NULL;
    close(fd);
    return found;
}

/* Of the list of the files that were found. */
static const char *sha256_of(const struct job *j)
{
    return wanted_is_tree(j->wanted) ? j->unpacked.sha256 : j->wanted->id;
}

/*
 * The pin of exactly what the manifest asks for says what was found.  One of other files is of what the manifest asked for
 * before, and will be replaced; but the same files have the same list, so one of their tree with another list is damaged.
 */
static bool check_pin(const struct job *j, const char *kind, const struct lock *l)
{
    const char *name = j->wanted->import->name.text, *sha256 = sha256_of(j);
    for (size_t i = 0; l && i < l->pin_count; i++) {
        const struct lock_pin *p = &l->pins[i];
        bool same_tree = string_equal(p->tree, j->unpacked.tree), same_list = string_equal(p->sha256, sha256);
        if ((p != j->pin && (!same_tree || !string_equal(p->kind, kind) || !string_equal(p->name, name))) || (same_tree && same_list))
            continue;
        if (!same_list)
            diag_fail(j->diag, DIAG_INTEGRITY, p->span, "'%s' is pinned with SHA-256 %s, and its files have %s", name, p->sha256, sha256);
        else
            diag_fail(j->diag, DIAG_INTEGRITY, p->span, "'%s' is pinned to tree %s, and its files are tree %s", name, p->tree, j->unpacked.tree);
        return diag_help(j->diag, "take ukc.lock from version control; where other files are meant, remove this line: 'ukc configure' writes it anew");
    }
    return true;
}

/* An alternative that the lock does not pin was taken: say so, the lock will change. */
static void warn_unpinned(const struct search *s, const struct job *found)
{
    const struct lock_pin *pin = s->jobs[0].pin;
    if (!pin || found == s->jobs)
        return;
    diag_warning(s->diag, pin->span, "'%s' is pinned to version %s, which cannot be had here; another alternative is used, version %s",
                 s->import->name.text, pin->version, found->unpacked.version);
    diag_note(s->diag, found->wanted->import->span, "this one");
}

/* Does the repository have the commit? NULL, or why not. */
static const char *ask_origin(struct search *s, const struct job *j)
{
    struct attempt t = {.wanted = j->wanted, .work = j->work};
    const char *root;
    struct diag *quiet = diag_create();
    int fd = store_lock(s->store, quiet);
    bool ok = fd >= 0 && file_remove_tree(s->tmp, quiet) && file_make_directories(j->work, quiet) && clone_fetch(s->arena, &t, &root, quiet);
    if (ok)
        origin_add(s->arena, s->store->directory, j->wanted->import);
    if (fd >= 0) {
        file_remove_tree(s->tmp, quiet);
        close(fd);
    }
    diag_destroy(quiet);
    return ok ? NULL : t.findings.count ? t.findings.items[0].text : "it could not be asked";
}

static void review_origin(struct search *s, const struct job *j)
{
    const struct import *i = j->wanted->import;
    const char *other, *reason = NULL;
    if (i->kind != IMPORT_GIT || j->outside || s->store->origins == ORIGINS_IGNORED)
        return;
    enum origin origin = origin_find(s->arena, s->store->directory, i, &other);
    bool asked = s->store->origins == ORIGINS_ASKED && !(s->store->offline && needs_network(i));
    if (origin == ORIGIN_SAME || (origin == ORIGIN_UNKNOWN && !asked) || (asked && !(reason = ask_origin(s, j))))
        return;
    report_other_origin(i, other, reason, s->diag);
}

static bool add_job(struct search *s, const struct import *import, const struct lock *l)
{
    struct job *j = &s->jobs[s->count];
    const struct wanted *w = wanted_make(s->arena, import, s->diag);
    if (!w)
        return false;
    *j = (struct job){.arena = s->arena, .wanted = w, .diag = s->diag, .unpacked = {.store = s->store->directory, .wanted = w}};
    j->pin = find_pin(l, w, s->use ? "use" : kind_name(import));
    j->reference = import->kind == IMPORT_GIT ? arena_printf(s->arena, "refs/ukc/git/%s", w->id)
                                              : arena_printf(s->arena, "refs/ukc/%s/%s/%s", kind_name(import), import->name.text, w->id);
    j->work = arena_printf(s->arena, "%s/%ld/%zu", s->tmp, (long)getpid(), s->count);
    j->attempt = (struct attempt){.wanted = w, .work = j->work, .preferred = j->pin && version_is_clean(j->pin->version) ? j->pin->version : NULL};
    s->count++;
    if (j->pin && !s->jobs[0].pin) {
        struct job pinned = *j;
        memmove(s->jobs + 1, s->jobs, (s->count - 1) * sizeof *s->jobs);
        s->jobs[0] = pinned;
    }
    return true;
}

enum { MAY_USE = 1, MAY_GET = 2 };

static const struct fetched *fetch_stored(struct store *store, struct arena *a, const struct import *i, unsigned may, const struct lock *l, struct diag *d)
{
    bool use = may & MAY_USE;
    struct arena *scratch = arena_create();
    const struct import *alternatives = i->kind == IMPORT_FIRST_OF ? i->alternatives : i;
    size_t count = i->kind == IMPORT_FIRST_OF ? i->alternative_count : 1;
    struct search s = {.store = store, .arena = scratch, .import = i, .use = use, .diag = d, .tmp = path_join(scratch, store->directory, "tmp")};
    s.jobs = arena_array(scratch, struct job, count);
    bool ok = count > 0 || diag_error(d, i->span, "this import has no alternatives");
    for (size_t k = 0; k < count; k++)
        ok &= add_job(&s, &alternatives[k], l);
    for (size_t k = 0; k < s.count; k++)
        s.jobs[k].attempt.alone = count == 1;
    const struct job *j = !ok ? NULL : may & MAY_GET ? fetch(&s) : find_fresh(&s, 0, s.jobs[0].pin ? 1 : s.count);
    struct fetched *f = NULL;
    if (j && check_pin(j, use ? "use" : kind_name(j->wanted->import), l)) {
        warn_unpinned(&s, j);
        review_origin(&s, j);
        f = arena_new(a, struct fetched);
        *f = (struct fetched){.kind = use ? "use" : kind_name(j->wanted->import), .import = i, .taken = j->wanted->import, .present = !j->outside, .version = arena_strdup(a, j->unpacked.version),
                              .tree = arena_strdup(a, j->unpacked.tree),
                              .sha256 = arena_strdup(a, sha256_of(j)),
                              .address = wanted_is_tree(j->wanted) ? arena_strdup(a, j->wanted->id) : NULL,
                              .directory = arena_strdup(a, j->unpacked.directory)};
    }
    arena_destroy(scratch);
    return f;
}

/* The address of a repository as one word. */
static const char *encode(struct arena *a, const char *s)
{
    struct text t = {};
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == '%' || *s == 0x7f)
            text_printf(&t, "%%%02X", (unsigned char)*s);
        else
            text_putc(&t, *s);
    const char *word = text_keep(&t, a);
    text_dispose(&t);
    return word;
}

const struct fetched *store_repository(struct store *s, struct arena *a, const struct used_repository *u, const struct lock *l, struct diag *d)
{
    struct import *i = arena_new(a, struct import);
    *i = (struct import){.kind = IMPORT_GIT, .used = true, .span = u->span, .name = {encode(a, u->repository.text ? u->repository.text : ""), u->repository.span},
                         .repository = u->repository, .commit = u->commit, .directory = u->directory};
    return fetch_stored(s, a, i, MAY_GET | MAY_USE, l, d);
}

const struct fetched *store_fetch(struct store *s, struct arena *a, const struct import *i, const struct lock *l, struct diag *d)
{
    switch (i->kind) {
    case IMPORT_DEBIAN:
    case IMPORT_DEBIAN_SOURCE:
    case IMPORT_GIT:
    case IMPORT_FIRST_OF: return fetch_stored(s, a, i, MAY_GET, l, d);
    case IMPORT_PKGCONFIG: return pkgconfig_fetch(a, i, d);
    }
    return NULL;
}

const struct fetched *store_review(struct store *s, struct arena *a, const struct import *i, const struct lock *l, struct diag *d)
{
    return i->kind == IMPORT_PKGCONFIG ? NULL : fetch_stored(s, a, i, 0, l, d);
}

struct lock_pin fetched_pin(const struct fetched *f)
{
    if (f->import->kind == IMPORT_PKGCONFIG)
        return (struct lock_pin){0};
    return (struct lock_pin){.kind = f->kind, .name = f->import->name.text, .version = f->version, .tree = f->tree, .sha256 = f->sha256,
                             .from = f->address, .span = f->import->name.span};
}
