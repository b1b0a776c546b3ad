/*
 * objects.c - opens and writes the store's repository with libgit2 (1.5 to 1.9); see objects.h.
 *
 * Everything is written through put(), which looks first whether the object is
 * there: libgit2 takes a damaged loose object for a present one and would keep
 * it.  put() removes it, so that a second import repairs the store.
 */
#include "known.h"
#include "objects_inside.h"
#include "objects_tidy.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "gitoid.h"

const char *libgit2_error(void)
{
    const git_error *e = git_error_last();
    return e && e->message ? e->message : "unknown error of libgit2";
}

bool libgit2_failed(struct diag *d, const char *what)
{
    const char *why = libgit2_error();
    diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s: %s", what, why);
    return strstr(why, strerror(ENOSPC)) && diag_help(d, "the disk of the store is full: 'ukc store gc' makes room in it");
}

#define LOOSE_FIRST 3 /* libgit2's own: 2 for packs, 1 for loose objects */

static void configure(void)
{
    /* the user's git configuration is no input of ours, and a store may belong to another user (a container's root) */
    static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    /* strict creation reads the objects that are referred to, without our guard */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
}

static void remove_like(const char *directory, bool (*is_meant)(const char *name))
{
    DIR *dir = opendir(directory);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (is_meant(e->d_name))
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
}

static bool is_half_object(const char *name)
{
    return string_starts(name, "tmp_object");
}

static bool is_half_pack(const char *name)
{
    return string_starts(name, "pack_") || string_ends(name, ".lock");
}

/* What a killed process left behind: git's lock files, and objects and packs that were not yet renamed.  Nobody else has it open. */
static void remove_remains(const char *directory)
{
    struct arena *a = arena_create();
    struct diag *quiet = diag_create();
    remove_like(path_join(a, directory, "objects"), is_half_object);
    remove_like(path_join(a, directory, "objects/pack"), is_half_pack);
    file_remove_tree(path_join(a, directory, "objects/pack/" PACK_ASIDE), quiet);
    unlink(path_join(a, directory, "HEAD.lock"));
    unlink(path_join(a, directory, "config.lock"));
    diag_destroy(quiet);
    arena_destroy(a);
}

/* Whoever opens it alone cleans it; a lock that cannot be had leaves that to others. */
static int share(const char *directory)
{
    struct arena *a = arena_create();
    struct diag *quiet = diag_create();
    int fd = -1;
    if (file_make_directories(directory, quiet))
        fd = open(path_join(a, directory, "ukc.users"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        remove_remains(directory);
    if (fd >= 0)
        flock(fd, LOCK_SH);
    diag_destroy(quiet);
    arena_destroy(a);
    return fd;
}

void objects_remove_lock(struct objects *o, const char *reference)
{
    struct text path = {};
    text_printf(&path, "%s/%s.lock", o->directory, reference);
    unlink(text_string(&path));
    text_dispose(&path);
}

/* One process makes it, alone: libgit2's own locks do not wait. */
static bool make_repository(struct objects *o, struct diag *d)
{
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
    if (o->lock >= 0)
        flock(o->lock, LOCK_EX);
    bool made = git_repository_open_bare(&o->repository, o->directory) == 0 || /* another did meanwhile */
                git_repository_init_ext(&o->repository, o->directory, &options) == 0 || libgit2_failed(d, "the object store cannot be made");
    if (o->lock >= 0)
        flock(o->lock, LOCK_SH);
    return made;
}

/* Loose objects are read before those of packs: one that came again is right, and what is in the pack may not be. */
static bool add_loose(git_odb *odb, const char *root)
{
    git_odb_backend *loose = NULL;
    return git_odb_backend_loose(&loose, root, -1, 1, 0, 0) == 0 && git_odb_add_backend(odb, loose, LOOSE_FIRST) == 0;
}

static bool open_repository(struct objects *o, struct diag *d)
{
    if (git_repository_open_bare(&o->repository, o->directory) != 0 && !make_repository(o, d))
        return false;
    if (git_repository_odb(&o->odb, o->repository) != 0 || !add_loose(o->odb, o->roots[0]))
        return libgit2_failed(d, "the object store cannot be opened");
    return true;
}

bool libgit2_start(struct diag *d)
{
    if (git_libgit2_init() < 0)
        return libgit2_failed(d, "libgit2 does not start");
    configure();
    return true;
}

/* `lock` becomes its own. */
static struct objects *open_locked(const char *directory, int lock, struct diag *d)
{
    struct arena *a = arena_create();
    struct objects *o = arena_new(a, struct objects);
    const char **roots = arena_array(a, const char *, 1);
    roots[0] = path_join(a, directory, "objects");
    *o = (struct objects){.arena = a, .directory = arena_strdup(a, directory), .roots = roots, .root_count = 1, .lock = lock};
    if (open_repository(o, d))
        return o;
    objects_close(o);
    return NULL;
}

struct objects *objects_open(const char *directory, struct diag *d)
{
    return libgit2_start(d) ? open_locked(directory, share(directory), d) : NULL;
}

struct objects *objects_open_alone(const char *directory, unsigned seconds, struct diag *d)
{
    if (!libgit2_start(d))
        return NULL;
    int lock = share(directory);
    for (unsigned tries = 0; lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (tries < seconds * 20) {
            nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
            continue;
        }
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "the store is in use by other processes, for %u seconds", seconds);
        diag_help(d, "try again when they have ended; they are not disturbed");
        close(lock);
        git_libgit2_shutdown();
        return NULL;
    }
    return open_locked(directory, lock, d);
}

void objects_close(struct objects *o)
{
    if (!o)
        return;
    known_close(o->known);
    git_odb_free(o->odb);
    git_repository_free(o->repository);
    if (o->lock >= 0)
        close(o->lock);
    arena_destroy(o->arena);
    git_libgit2_shutdown();
}

bool objects_reference_is_valid(const char *reference)
{
    int valid = 0;
    if (git_libgit2_init() < 0)
        return false;
    if (git_reference_name_is_valid(&valid, reference) != 0)
        valid = 0;
    git_libgit2_shutdown();
    return valid;
}

/* ---- writing ---- */

static bool use_given(struct objects *o, const git_oid *id, struct diag *d)
{
    struct object_given *g = find_given(o, id);
    if (g)
        g->used = true;
    return g || diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "object %s is missing", git_oid_tostr_s(id));
}

/* A database that has packs writes nothing that is in one of them. */
static int write_loose(struct objects *o, git_oid *id, const void *bytes, size_t size, git_object_t type)
{
    git_odb *alone = NULL;
    int rc = git_odb_new(&alone) == 0 && add_loose(alone, o->roots[0]) ? git_odb_write(id, alone, bytes, size, type) : -1;
    git_odb_free(alone);
    return rc;
}

static bool put(struct objects *o, git_object_t type, const void *bytes, size_t size, git_oid *id, struct diag *d)
{
    if (git_odb_hash(id, bytes, size, type) != 0)
        return libgit2_failed(d, "an object cannot be hashed");
    if (o->closed)
        return !o->given || use_given(o, id, d);
    struct arena *scratch = arena_create();
    struct content old;
    const char *damage = NULL;
    enum object_status status = read_loose(o, scratch, id, &old, &damage), packed = OBJECT_ABSENT;
    bool ok = true;
    if (status == OBJECT_ABSENT && git_odb_exists_ext(o->odb, id, GIT_ODB_LOOKUP_NO_REFRESH))
        packed = read_packed(o, scratch, id, &old, &damage);
    bool present = status == OBJECT_OK || packed == OBJECT_OK;
    if (present && (old.type != type || old.size != size || memcmp(old.bytes, bytes, size) != 0))
        ok = diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "two different contents have the same SHA-1: the object store cannot hold both");
    if (status == OBJECT_DAMAGED && o->outside)
        ok = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s", damage); /* it may be right */
    else if (status == OBJECT_DAMAGED && unlink(loose_path(o, scratch, 0, id)) != 0)
        ok = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s, and it cannot be removed: %s", damage, strerror(errno));
    arena_destroy(scratch);
    if (ok && !present && (packed == OBJECT_DAMAGED ? write_loose(o, id, bytes, size, type) : git_odb_write(id, o->odb, bytes, size, type)) != 0)
        ok = libgit2_failed(d, "an object cannot be written");
    return ok;
}

struct writing {
    struct objects *objects;
    const struct object_source *sources;
    struct hash *blobs; /* or NULL */
    struct diag *diag;
};

struct entry {
    const char *name; /* of `length` bytes; a directory's ends with '/' */
    size_t length;
    const char *mode;
    git_oid id;
};

static const char tree_mode[] = "40000";

static bool put_blob(struct writing *w, size_t i, const void *bytes, size_t size, enum object_kind kind, struct entry *e)
{
    e->mode = object_mode(kind);
    if (w->blobs)
        w->blobs[i] = gitoid_blob(bytes, size);
    return put(w->objects, GIT_OBJECT_BLOB, bytes, size, &e->id, w->diag);
}

/* The file was stored before, and neither it nor its object has been touched since. */
static bool is_known(struct writing *w, size_t i, const struct stat *st, struct entry *e)
{
    struct objects *o = w->objects;
    struct known_file f;
    struct stat object;
    if (!o->known)
        o->known = known_open(arena_printf(o->arena, "%s/ukc.files", o->directory));
    if (!known_find(o->known, st, &f))
        return false;
    struct arena *a = arena_create();
    bool there = stat(loose_path(o, a, 0, &f.id), &object) == 0 ? known_object(o->known, st, &object) : git_odb_exists(o->odb, &f.id);
    arena_destroy(a);
    if (!there)
        return false;
    e->mode = object_mode(OBJECT_FILE);
    e->id = f.id;
    if (w->blobs)
        w->blobs[i] = f.blob;
    return true;
}

/* What was read is what `before` says only if the file is the same afterwards. */
static void remember(struct writing *w, size_t i, const struct stat *before, const struct entry *e)
{
    const char *file = w->sources[i].file;
    struct stat after, object;
    struct known_file f = {.id = e->id};
    if (!w->blobs || stat(file, &after) != 0 || after.st_ino != before->st_ino || after.st_size != before->st_size ||
        memcmp(&after.st_mtim, &before->st_mtim, sizeof after.st_mtim) != 0 || memcmp(&after.st_ctim, &before->st_ctim, sizeof after.st_ctim) != 0)
        return;
    f.blob = w->blobs[i];
    struct arena *a = arena_create();
    bool loose = stat(loose_path(w->objects, a, 0, &f.id), &object) == 0;
    known_add(w->objects->known, before, &f, loose ? &object : NULL);
    arena_destroy(a);
}

/* A symbolic link's contents are its target. */
static bool write_file(struct writing *w, size_t i, struct entry *e)
{
    const struct object_source *source = &w->sources[i];
    struct arena *a = arena_create();
    struct stat st;
    char target[4097];
    bool ok = (source->contents ? stat(source->file, &st) : lstat(source->file, &st)) == 0;
    if (!ok) {
        diag_fail(w->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", source->file, strerror(errno));
    } else if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlink(source->file, target, sizeof target);
        ok = n > 0 && (size_t)n < sizeof target && put_blob(w, i, target, (size_t)n, OBJECT_LINK, e);
    } else {
        bool executable = !source->contents && st.st_mode & S_IXUSR, may_be_known = source->contents && S_ISREG(st.st_mode) && !w->objects->closed;
        bool known = may_be_known && is_known(w, i, &st, e), settled = may_be_known && known_is_settled(&st);
        const struct source *s = known ? NULL : file_read(a, source->file, SPAN_NONE, OBJECT_LIMIT, w->diag);
        ok = known || (s && put_blob(w, i, s->bytes, s->size, executable ? OBJECT_EXECUTABLE : OBJECT_FILE, e));
        if (s && ok && settled)
            remember(w, i, &st, e);
    }
    arena_destroy(a);
    return ok;
}

static bool write_source(struct writing *w, size_t i, struct entry *e)
{
    const struct object_source *source = &w->sources[i];
    if (source->tree) {
        e->mode = tree_mode;
        return git_oid_fromstr(&e->id, source->tree) == 0;
    }
    return source->file ? write_file(w, i, e) : put_blob(w, i, source->bytes, source->size, OBJECT_FILE, e);
}

static int entry_compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return git_name_compare(x->name, x->length, y->name, y->length);
}

static bool put_tree(struct writing *w, struct entry *entries, size_t count, git_oid *id)
{
    struct text raw = {};
    qsort(entries, count, sizeof *entries, entry_compare);
    for (size_t i = 0; i < count; i++) {
        bool directory = entries[i].name[entries[i].length - 1] == '/';
        text_printf(&raw, "%s ", entries[i].mode);
        text_append(&raw, entries[i].name, entries[i].length - directory);
        text_putc(&raw, '\0');
        text_append(&raw, entries[i].id.id, 20);
    }
    bool ok = put(w->objects, GIT_OBJECT_TREE, raw.bytes ? raw.bytes : "", raw.size, id, w->diag);
    text_dispose(&raw);
    return ok;
}

/* The directory of sources[from..to), whose paths share their first `prefix` bytes. */
static bool write_directory(struct writing *w, size_t from, size_t to, size_t prefix, unsigned depth, git_oid *id)
{
    if (depth > OBJECT_DEPTH_LIMIT)
        return diag_fail(w->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' is too deep for the object store", w->sources[from].path);
    struct arena *a = arena_create();
    VEC(struct entry) entries = {};
    bool ok = true;
    for (size_t i = from, next; ok && i < to; i = next) {
        const char *name = w->sources[i].path + prefix;
        const char *slash = strchr(name, '/');
        size_t length = slash ? (size_t)(slash - name) + 1 : strlen(name);
        next = i + 1;
        while (slash && next < to && strncmp(w->sources[next].path + prefix, name, length) == 0)
            next++;
        struct entry e = {.name = name, .length = length, .mode = tree_mode};
        bool whole = !slash || (w->sources[i].tree && !slash[1]);
        ok = whole ? write_source(w, i, &e) : write_directory(w, i, next, prefix + length, depth + 1, &e.id);
        *vec_add(a, &entries) = e;
    }
    ok = ok && put_tree(w, entries.items, entries.count, id);
    arena_destroy(a);
    return ok;
}

bool objects_write_tree(struct objects *o, const struct object_source *sources, size_t count, char tree[OBJECT_HEX], struct hash *blobs,
                        struct diag *d)
{
    struct writing w = {o, sources, blobs, d};
    git_oid id;
    if (!write_directory(&w, 0, count, 0, 0, &id))
        return false;
    git_oid_tostr(tree, OBJECT_HEX, &id);
    return true;
}

bool objects_put(struct objects *o, const struct object_given *g, struct diag *d)
{
    git_oid id;
    return put(o, g->is_tree ? GIT_OBJECT_TREE : GIT_OBJECT_BLOB, g->bytes, g->size, &id, d);
}

bool objects_put_commit(struct objects *o, const char *tree, const char *const *parents, size_t parent_count, const char *who, const char *message,
                        char id[OBJECT_HEX], struct diag *d)
{
    struct text raw = {};
    git_oid made;
    text_printf(&raw, "tree %s\n", tree);
    for (size_t i = 0; i < parent_count; i++)
        text_printf(&raw, "parent %s\n", parents[i]);
    text_printf(&raw, "author %s\ncommitter %s\n\n%s", who, who, message);
    bool ok = put(o, GIT_OBJECT_COMMIT, raw.bytes, raw.size, &made, d);
    text_dispose(&raw);
    if (ok)
        git_oid_tostr(id, OBJECT_HEX, &made);
    return ok;
}

/* `from` as for objects_move_reference, if `only`. */
static bool set_reference(struct objects *o, const char *reference, bool only, const char *from, const char *to, struct diag *d)
{
    git_oid old, id;
    git_reference *made = NULL;
    objects_remove_lock(o, reference);
    int rc = git_oid_fromstr(&id, to) != 0 || (from && git_oid_fromstr(&old, from) != 0) ? GIT_ERROR
             : only ? git_reference_create_matching(&made, o->repository, reference, &id, from != NULL, from ? &old : NULL, NULL)
                    : git_reference_create(&made, o->repository, reference, &id, 1, NULL);
    git_reference_free(made);
    if (rc == GIT_EMODIFIED || rc == GIT_EEXISTS)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "another program has changed '%s' at the same time", reference);
    return rc == 0 || libgit2_failed(d, "a reference cannot be written");
}

bool objects_name_tree(struct objects *o, const char *reference, const char *tree, const char *message, struct diag *d)
{
    char id[OBJECT_HEX];
    return objects_put_commit(o, tree, NULL, 0, "ukc <ukc> 0 +0000", message, id, d) && set_reference(o, reference, false, NULL, id, d);
}

bool objects_move_reference(struct objects *o, const char *reference, const char *from, const char *to, struct diag *d)
{
    return set_reference(o, reference, true, from, to, d);
}
