/*
 * store.c - the store's directory, its lock, and the way of an import.
 *
 *     fresh in unpacked/?  yes: done, without a lock
 *     take store.lock; remove what a dead process left in tmp/
 *     in objects/?         yes: check unpacked/, or rebuild it from the objects
 *     else                 download, unpack and verify in tmp/, write the objects,
 *                          then name them (a reference), then place unpacked/
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
#include "import.h"

#define LOCK_SECONDS 900 /* another import may be downloading */

struct store {
    struct arena *arena;
    const char *directory; /* absolute */
};

/* $UKC_STORE, else $XDG_DATA_HOME/ukc (ignored when relative, as its specification says), else ~/.local/share/ukc. */
static const char *default_directory(struct arena *a)
{
    const char *store = getenv("UKC_STORE"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (store && *store)
        return store;
    if (data && *data == '/')
        return path_join(a, data, "ukc");
    if (home && *home == '/')
        return path_join(a, home, ".local/share/ukc");
    return NULL;
}

struct store *store_open(const char *directory, struct diag *d)
{
    struct arena *a = arena_create();
    if (!directory)
        directory = default_directory(a);
    if (!directory) {
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "there is no place for the store: none of UKC_STORE, XDG_DATA_HOME and HOME is set");
        diag_help(d, "set UKC_STORE to a directory");
    } else {
        directory = path_absolute(a, directory);
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

/* ---- the lock ---- */

static int lock(const struct store *s, struct arena *a, struct diag *d)
{
    const char *path = path_join(a, s->directory, "store.lock");
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

struct job {
    struct store *store;
    struct arena *arena;
    const struct wanted *wanted;
    const struct lock_pin *pin; /* of exactly these files, or NULL */
    struct objects *objects;
    struct unpacked unpacked;
    const char *reference, *work;
    struct diag *diag;
};

static const struct lock_pin *find_pin(const struct lock *l, const struct wanted *w)
{
    for (size_t i = 0; l && i < l->pin_count; i++)
        if (string_equal(l->pins[i].kind, "debian") && string_equal(l->pins[i].name, w->import->name.text) &&
            string_equal(l->pins[i].sha256, w->id))
            return &l->pins[i];
    return NULL;
}

/* Moves a complete directory to its final place; a damaged one that was there leaves first. */
static bool place(struct job *j, const char *root)
{
    const char *target = j->unpacked.directory, *old = path_join(j->arena, j->work, "old");
    if (!file_make_directories(path_directory(j->arena, target), j->diag))
        return false;
    if (rename(target, old) != 0 && errno != ENOENT)
        return diag_fail(j->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be replaced: %s", target, strerror(errno));
    if (rename(root, target) != 0)
        return diag_fail(j->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", target, strerror(errno));
    return true;
}

/* The tree's files, each against its SHA-256, below `root`. */
static enum object_status write_out(struct job *j, const char *root, const char **damage)
{
    const struct object_file *files;
    size_t count;
    enum object_status status = objects_read_tree(j->objects, j->arena, j->unpacked.tree, &files, &count, damage);
    if (status != OBJECT_OK)
        return OBJECT_DAMAGED;
    if (count != j->wanted->count) {
        *damage = arena_printf(j->arena, "tree %s does not hold the declared files", j->unpacked.tree);
        return OBJECT_DAMAGED;
    }
    for (size_t i = 0; i < count; i++) {
        const struct wanted_file *w = wanted_find(j->wanted, files[i].path);
        struct hash actual = hash_bytes(files[i].bytes, files[i].size);
        if (!w || !hash_equal(&actual, &w->sha256)) {
            *damage = arena_printf(j->arena, "'%s' in tree %s does not have its SHA-256", files[i].path, j->unpacked.tree);
            return OBJECT_DAMAGED;
        }
        if (!write_new_file(path_join(j->arena, root, files[i].path), files[i].bytes, files[i].size, j->diag))
            return OBJECT_OK; /* reported */
    }
    return OBJECT_OK;
}

/* From the objects, when they are there.  OBJECT_OK may also mean: an error was reported. */
static enum object_status restore(struct job *j, const char **damage)
{
    char tree[OBJECT_HEX];
    const char *message;
    enum object_status status = objects_find(j->objects, j->arena, j->reference, tree, &message, damage);
    if (status != OBJECT_OK)
        return status;
    const char *version = strrchr(message, ' ');
    j->unpacked.version = arena_strndup(j->arena, version ? version + 1 : "", version ? strcspn(version + 1, "\n") : 0);
    if (!version_is_clean(j->unpacked.version)) {
        *damage = arena_printf(j->arena, "reference %s names a commit that ukc did not write", j->reference);
        return OBJECT_DAMAGED;
    }
    j->unpacked.tree = arena_strdup(j->arena, tree);
    j->unpacked.directory = unpacked_directory(j->arena, j->store->directory, tree);
    if (unpacked_is_right(j->arena, &j->unpacked))
        return OBJECT_OK;
    size_t errors = diag_errors(j->diag);
    const char *root = path_join(j->arena, j->work, "restored");
    status = write_out(j, root, damage);
    if (status == OBJECT_OK && diag_errors(j->diag) == errors)
        place(j, root);
    return status;
}

/* From the package: verified files, then objects, then their name, then the working copy. */
static bool import(struct job *j, const char *damage)
{
    struct findings findings = {};
    size_t errors = diag_errors(j->diag);
    const char *root;
    const char *version = debian_fetch(j->arena, j->wanted, j->work, j->pin && version_is_clean(j->pin->version) ? j->pin->version : NULL, &root,
                                       &findings, j->diag);
    if (!version) {
        if (diag_errors(j->diag) == errors)
            debian_report(j->wanted, &findings, damage, j->diag);
        else if (damage)
            diag_note(j->diag, SPAN_NONE, "the store's copy is damaged: %s", damage);
        return false;
    }
    char tree[OBJECT_HEX];
    if (!objects_write_tree(j->objects, root, j->wanted->paths, j->wanted->count, tree, j->diag))
        return false;
    j->unpacked.version = version;
    j->unpacked.tree = arena_strdup(j->arena, tree);
    j->unpacked.directory = unpacked_directory(j->arena, j->store->directory, tree);
    const char *message = arena_printf(j->arena, "debian %s %s\n", j->wanted->import->name.text, version);
    return objects_name_tree(j->objects, j->reference, tree, message, j->diag) && place(j, root);
}

static bool locked(struct job *j)
{
    size_t errors = diag_errors(j->diag);
    const char *damage = NULL;
    if (unpacked_is_fresh(j->arena, &j->unpacked)) /* another process was faster */
        return true;
    /* what is in tmp/ now is of a process that died: only the holder of the lock works there */
    if (!file_remove_tree(path_join(j->arena, j->store->directory, "tmp"), j->diag) || !file_make_directories(j->work, j->diag))
        return false;
    if (!objects_reference_is_valid(j->reference))
        return diag_error(j->diag, j->wanted->import->name.span, "the package name '%s' cannot be stored", j->wanted->import->name.text);
    j->objects = objects_open(path_join(j->arena, j->store->directory, "objects"), j->diag);
    if (!j->objects)
        return false;
    enum object_status status = restore(j, &damage);
    if (status == OBJECT_DAMAGED)
        diag_warning(j->diag, j->wanted->import->name.span, "the store's copy of '%s' is damaged and is fetched again: %s",
                     j->wanted->import->name.text, damage);
    if (status != OBJECT_OK && diag_errors(j->diag) == errors)
        import(j, damage);
    objects_close(j->objects);
    return diag_errors(j->diag) == errors;
}

static bool fetch(struct job *j)
{
    if (unpacked_is_fresh(j->arena, &j->unpacked))
        return true;
    int fd = lock(j->store, j->arena, j->diag);
    if (fd < 0)
        return false;
    bool ok = locked(j);
    struct diag *quiet = diag_create(); /* what cannot be removed now is removed by the next */
    file_remove_tree(path_join(j->arena, j->store->directory, "tmp"), quiet);
    diag_destroy(quiet);
    ok = ok && unpacked_remember(j->arena, &j->unpacked, j->diag); /* last: with it, nobody looks here again */
    close(fd);
    return ok;
}

static bool check_pin(const struct job *j)
{
    if (!j->pin || string_equal(j->pin->tree, j->unpacked.tree))
        return true;
    return diag_fail(j->diag, DIAG_INTEGRITY, j->pin->span, "'%s' is pinned to tree %s, and its files are tree %s", j->wanted->import->name.text,
                     j->pin->tree, j->unpacked.tree);
}

static const struct fetched *fetch_debian(struct store *s, struct arena *a, const struct import *i, const struct lock *l, struct diag *d)
{
    struct arena *scratch = arena_create();
    const struct wanted *w = wanted_make(scratch, i, d);
    struct fetched *f = NULL;
    struct job j = {.store = s, .arena = scratch, .wanted = w, .diag = d, .unpacked = {.store = s->directory, .wanted = w}};
    if (w) {
        j.pin = find_pin(l, w);
        j.reference = arena_printf(scratch, "refs/ukc/debian/%s/%s", i->name.text, w->id);
        j.work = arena_printf(scratch, "%s/tmp/%ld", s->directory, (long)getpid());
    }
    if (w && fetch(&j) && check_pin(&j)) {
        f = arena_new(a, struct fetched);
        *f = (struct fetched){.import = i, .version = arena_strdup(a, j.unpacked.version), .tree = arena_strdup(a, j.unpacked.tree),
                              .sha256 = arena_strdup(a, w->id), .directory = arena_strdup(a, j.unpacked.directory)};
    }
    arena_destroy(scratch);
    return f;
}

const struct fetched *store_fetch(struct store *s, struct arena *a, const struct import *i, const struct lock *l, struct diag *d)
{
    switch (i->kind) {
    case IMPORT_DEBIAN: return fetch_debian(s, a, i, l, d);
    case IMPORT_PKGCONFIG: return pkgconfig_fetch(a, i, d);
    }
    return NULL;
}

struct lock_pin fetched_pin(const struct fetched *f)
{
    if (f->import->kind == IMPORT_PKGCONFIG)
        return (struct lock_pin){0};
    return (struct lock_pin){.kind = "debian", .name = f->import->name.text, .version = f->version, .tree = f->tree, .sha256 = f->sha256,
                             .span = f->import->name.span};
}
