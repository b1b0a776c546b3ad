/*
 * objects.c - the only file that knows libgit2 (1.5 to 1.9); see objects.h.
 *
 * Everything is written through put(), which looks first whether the object is
 * there: libgit2 takes a damaged loose object for a present one and would keep
 * it.  put() removes it, so that a second import repairs the store.
 */
#include "objects.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "inflate.h"

#define DEPTH_LIMIT 64 /* directories below each other */

struct objects {
    git_repository *repository;
    git_odb *odb;
    char *directory;
};

static bool failed(struct diag *d, const char *what)
{
    const git_error *e = git_error_last();
    return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s: %s", what, e && e->message ? e->message : "unknown error of libgit2");
}

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

/* What a killed process left behind: git's lock files, and objects that were not yet renamed. */
static void remove_remains(const char *directory)
{
    struct arena *a = arena_create();
    const char *objects = path_join(a, directory, "objects");
    DIR *dir = opendir(objects);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (string_starts(e->d_name, "tmp_object"))
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
    unlink(path_join(a, directory, "HEAD.lock"));
    unlink(path_join(a, directory, "config.lock"));
    arena_destroy(a);
}

/* The same for one reference, whose lock may outlive it: libgit2 renames by link and unlink. */
static void remove_lock(struct objects *o, const char *reference)
{
    struct text path = {};
    text_printf(&path, "%s/%s.lock", o->directory, reference);
    unlink(text_string(&path));
    text_dispose(&path);
}

static bool open_repository(struct objects *o, struct diag *d)
{
    if (git_repository_open_bare(&o->repository, o->directory) != 0) {
        git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
        options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
        if (git_repository_init_ext(&o->repository, o->directory, &options) != 0)
            return failed(d, "the object store cannot be made");
    }
    if (git_repository_odb(&o->odb, o->repository) != 0)
        return failed(d, "the object store cannot be opened");
    return true;
}

struct objects *objects_open(const char *directory, struct diag *d)
{
    if (git_libgit2_init() < 0) {
        failed(d, "libgit2 does not start");
        return NULL;
    }
    configure();
    remove_remains(directory);
    struct objects *o = calloc(1, sizeof *o);
    if (!o || !(o->directory = strdup(directory)))
        abort();
    if (open_repository(o, d))
        return o;
    objects_close(o);
    return NULL;
}

void objects_close(struct objects *o)
{
    if (!o)
        return;
    git_odb_free(o->odb);
    git_repository_free(o->repository);
    free(o->directory);
    free(o);
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

/* ---- reading ---- */

/* An object's bytes, whichever way they were read. */
struct content {
    git_object_t type;
    const char *bytes;
    size_t size;
};

static const char *loose_path(struct objects *o, struct arena *a, const git_oid *id)
{
    char hex[OBJECT_HEX];
    git_oid_tostr(hex, sizeof hex, id);
    return arena_printf(a, "%s/objects/%.2s/%s", o->directory, hex, hex + 2);
}

/* "blob 12\0": the type, and that the length is what follows. */
static const char *parse_header(const struct text *raw, struct content *out)
{
    const char *end = raw->size ? memchr(raw->bytes, 0, raw->size < 32 ? raw->size : 32) : NULL;
    const char *space = end ? memchr(raw->bytes, ' ', (size_t)(end - raw->bytes)) : NULL;
    if (!space)
        return "it has no header";
    char type[8] = "";
    if ((size_t)(space - raw->bytes) >= sizeof type)
        return "it has no header";
    memcpy(type, raw->bytes, (size_t)(space - raw->bytes));
    out->type = git_object_string2type(type);
    out->bytes = end + 1;
    out->size = raw->size - (size_t)(end + 1 - raw->bytes);
    char length[24];
    snprintf(length, sizeof length, "%zu", out->size);
    if (out->type < GIT_OBJECT_COMMIT || strcmp(space + 1, length) != 0)
        return "its header is wrong";
    return NULL;
}

static bool read_descriptor(int fd, struct text *out, size_t limit)
{
    char chunk[16384];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (size_t)n > limit - out->size)
            return false;
        text_append(out, chunk, (size_t)n);
    }
    return true;
}

/* A loose object, read and verified without libgit2's reader.  `damage` stays NULL when it is right. */
static enum object_status read_loose(struct objects *o, struct arena *a, const git_oid *id, struct content *out, const char **damage)
{
    int fd = open(loose_path(o, a, id), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return OBJECT_ABSENT;
    struct text packed = {}, raw = {};
    const char *wrong = NULL;
    if (fd < 0 || !read_descriptor(fd, &packed, OBJECT_LIMIT))
        wrong = "it cannot be read";
    if (fd >= 0)
        close(fd);
    if (!wrong)
        wrong = inflate_all(packed.bytes, packed.size, OBJECT_LIMIT + 32, &raw);
    if (!wrong)
        wrong = parse_header(&raw, out);
    git_oid actual;
    if (!wrong && (git_odb_hash(&actual, out->bytes, out->size, out->type) != 0 || !git_oid_equal(&actual, id)))
        wrong = "its contents do not have its SHA-1";
    if (!wrong)
        out->bytes = arena_memdup(a, out->bytes, out->size);
    text_dispose(&packed);
    text_dispose(&raw);
    char hex[OBJECT_HEX];
    if (wrong)
        *damage = arena_printf(a, "object %s is damaged: %s", git_oid_tostr(hex, sizeof hex, id), wrong);
    return wrong ? OBJECT_DAMAGED : OBJECT_OK;
}

/* Only when no loose file has this name, so that libgit2 reads from packs. */
static enum object_status read_packed(struct objects *o, struct arena *a, const git_oid *id, struct content *out, const char **damage)
{
    git_odb_object *object;
    int rc = git_odb_read(&object, o->odb, id);
    char hex[OBJECT_HEX];
    git_oid_tostr(hex, sizeof hex, id);
    if (rc != 0) {
        const git_error *e = git_error_last();
        *damage = rc == GIT_ENOTFOUND ? arena_printf(a, "object %s is missing", hex)
                                      : arena_printf(a, "object %s is damaged: %s", hex, e && e->message ? e->message : "unreadable");
        return rc == GIT_ENOTFOUND ? OBJECT_ABSENT : OBJECT_DAMAGED;
    }
    out->type = git_odb_object_type(object);
    out->size = git_odb_object_size(object);
    out->bytes = arena_memdup(a, git_odb_object_data(object), out->size);
    git_odb_object_free(object);
    return OBJECT_OK;
}

static enum object_status get(struct objects *o, struct arena *a, const git_oid *id, git_object_t type, struct content *out, const char **damage)
{
    enum object_status status = read_loose(o, a, id, out, damage);
    if (status == OBJECT_ABSENT)
        status = read_packed(o, a, id, out, damage);
    if (status == OBJECT_OK && out->type != type) {
        char hex[OBJECT_HEX];
        *damage = arena_printf(a, "object %s is a %s, not a %s", git_oid_tostr(hex, sizeof hex, id),
                               git_object_type2string(out->type), git_object_type2string(type));
        return OBJECT_DAMAGED;
    }
    return status;
}

enum object_status objects_find(struct objects *o, struct arena *a, const char *reference, char tree[OBJECT_HEX], const char **message,
                                const char **damage)
{
    git_oid id;
    struct content commit;
    remove_lock(o, reference);
    int rc = git_reference_name_to_id(&id, o->repository, reference);
    if (rc == GIT_ENOTFOUND)
        return OBJECT_ABSENT;
    if (rc != 0) {
        *damage = arena_printf(a, "reference %s is damaged", reference);
        return OBJECT_DAMAGED;
    }
    if (get(o, a, &id, GIT_OBJECT_COMMIT, &commit, damage) != OBJECT_OK)
        return OBJECT_DAMAGED;
    const char *text = arena_strndup(a, commit.bytes, commit.size);
    const char *body = strstr(text, "\n\n");
    git_oid check;
    if (strncmp(text, "tree ", 5) != 0 || strlen(text) < 46 || text[45] != '\n' || !body) {
        *damage = arena_printf(a, "reference %s names a commit that ukc did not write", reference);
        return OBJECT_DAMAGED;
    }
    memcpy(tree, text + 5, OBJECT_HEX - 1);
    tree[OBJECT_HEX - 1] = '\0';
    if (git_oid_fromstr(&check, tree) != 0) {
        *damage = arena_printf(a, "reference %s names a commit that ukc did not write", reference);
        return OBJECT_DAMAGED;
    }
    *message = body + 2;
    return OBJECT_OK;
}

struct reading {
    struct objects *objects;
    struct arena *arena;
    VEC(struct object_file) files;
    const char *damage;
};

static enum object_status read_tree(struct reading *, const git_oid *id, const char *prefix, unsigned depth);

static enum object_status read_entry(struct reading *r, const char *mode, const char *name, const git_oid *id, const char *prefix, unsigned depth)
{
    const char *path = arena_printf(r->arena, "%s%s", prefix, name);
    if (strcmp(mode, "40000") == 0)
        return read_tree(r, id, arena_printf(r->arena, "%s/", path), depth + 1);
    if (strcmp(mode, "100644") != 0) {
        r->damage = arena_printf(r->arena, "the tree's entry '%s' has mode %s, which ukc does not write", path, mode);
        return OBJECT_DAMAGED;
    }
    struct content blob;
    enum object_status status = get(r->objects, r->arena, id, GIT_OBJECT_BLOB, &blob, &r->damage);
    if (status == OBJECT_OK)
        *vec_add(r->arena, &r->files) = (struct object_file){path, blob.bytes, blob.size};
    return status;
}

/* A tree is a sequence of "<mode> <name>\0<20 bytes of id>". */
static enum object_status read_tree(struct reading *r, const git_oid *id, const char *prefix, unsigned depth)
{
    struct content tree;
    enum object_status status = get(r->objects, r->arena, id, GIT_OBJECT_TREE, &tree, &r->damage);
    const char *at = tree.bytes, *end = status == OBJECT_OK ? tree.bytes + tree.size : NULL;
    while (status == OBJECT_OK && at < end) {
        const char *nul = memchr(at, 0, (size_t)(end - at));
        const char *space = nul ? memchr(at, ' ', (size_t)(nul - at)) : NULL;
        if (!space || end - nul < 21 || depth > DEPTH_LIMIT || !path_is_inside(space + 1) || strchr(space + 1, '/')) {
            r->damage = arena_printf(r->arena, "the tree '%s' is malformed", prefix);
            return OBJECT_DAMAGED;
        }
        git_oid child;
        git_oid_fromraw(&child, (const unsigned char *)nul + 1);
        status = read_entry(r, arena_strndup(r->arena, at, (size_t)(space - at)), space + 1, &child, prefix, depth);
        at = nul + 21;
    }
    return status;
}

enum object_status objects_read_tree(struct objects *o, struct arena *a, const char *tree, const struct object_file **files, size_t *count,
                                     const char **damage)
{
    git_oid id;
    struct reading r = {.objects = o, .arena = a};
    enum object_status status = git_oid_fromstr(&id, tree) == 0 ? read_tree(&r, &id, "", 0) : OBJECT_DAMAGED;
    *files = r.files.items;
    *count = r.files.count;
    *damage = r.damage ? r.damage : "the tree's id is malformed";
    return status;
}

/* ---- writing ---- */

static bool put(struct objects *o, git_object_t type, const void *bytes, size_t size, git_oid *id, struct diag *d)
{
    if (git_odb_hash(id, bytes, size, type) != 0)
        return failed(d, "an object cannot be hashed");
    struct arena *scratch = arena_create();
    struct content old;
    const char *damage = NULL;
    enum object_status status = read_loose(o, scratch, id, &old, &damage);
    bool ok = true, present = status == OBJECT_OK;
    if (present && (old.type != type || old.size != size || memcmp(old.bytes, bytes, size) != 0))
        ok = diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "two different contents have the same SHA-1: the object store cannot hold both");
    if (status == OBJECT_DAMAGED && unlink(loose_path(o, scratch, id)) != 0)
        ok = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "%s, and it cannot be removed: %s", damage, strerror(errno));
    arena_destroy(scratch);
    if (ok && !present && git_odb_write(id, o->odb, bytes, size, type) != 0)
        ok = failed(d, "an object cannot be written");
    return ok;
}

struct writing {
    struct objects *objects;
    const char *root;
    const char *const *paths;
    struct diag *diag;
};

static bool write_blob(struct writing *w, const char *path, git_oid *id)
{
    struct arena *a = arena_create();
    const struct source *s = file_read(a, path_join(a, w->root, path), SPAN_NONE, OBJECT_LIMIT, w->diag);
    bool ok = s && put(w->objects, GIT_OBJECT_BLOB, s->bytes, s->size, id, w->diag);
    arena_destroy(a);
    return ok;
}

struct entry {
    const char *name; /* of `length` bytes; a directory's ends with '/', which is how git sorts it */
    size_t length;
    git_oid id;
};

static int entry_compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    size_t n = x->length < y->length ? x->length : y->length;
    int c = memcmp(x->name, y->name, n);
    return c ? c : (x->length > y->length) - (x->length < y->length);
}

static bool put_tree(struct writing *w, struct entry *entries, size_t count, git_oid *id)
{
    struct text raw = {};
    qsort(entries, count, sizeof *entries, entry_compare);
    for (size_t i = 0; i < count; i++) {
        bool directory = entries[i].name[entries[i].length - 1] == '/';
        text_puts(&raw, directory ? "40000 " : "100644 ");
        text_append(&raw, entries[i].name, entries[i].length - directory);
        text_putc(&raw, '\0');
        text_append(&raw, entries[i].id.id, 20);
    }
    bool ok = put(w->objects, GIT_OBJECT_TREE, raw.bytes ? raw.bytes : "", raw.size, id, w->diag);
    text_dispose(&raw);
    return ok;
}

/* The directory of paths[from..to), which share their first `prefix` bytes. */
static bool write_directory(struct writing *w, size_t from, size_t to, size_t prefix, unsigned depth, git_oid *id)
{
    if (depth > DEPTH_LIMIT)
        return diag_fail(w->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' is too deep for the object store", w->paths[from]);
    struct arena *a = arena_create();
    VEC(struct entry) entries = {};
    bool ok = true;
    for (size_t i = from, next; ok && i < to; i = next) {
        const char *name = w->paths[i] + prefix;
        const char *slash = strchr(name, '/');
        size_t length = slash ? (size_t)(slash - name) + 1 : strlen(name);
        next = i + 1;
        while (slash && next < to && strncmp(w->paths[next] + prefix, name, length) == 0)
            next++;
        struct entry e = {.name = name, .length = length};
        ok = slash ? write_directory(w, i, next, prefix + length, depth + 1, &e.id) : write_blob(w, w->paths[i], &e.id);
        *vec_add(a, &entries) = e;
    }
    ok = ok && put_tree(w, entries.items, entries.count, id);
    arena_destroy(a);
    return ok;
}

bool objects_write_tree(struct objects *o, const char *root, const char *const *paths, size_t count, char tree[OBJECT_HEX], struct diag *d)
{
    struct writing w = {o, root, paths, d};
    git_oid id;
    if (!write_directory(&w, 0, count, 0, 0, &id))
        return false;
    git_oid_tostr(tree, OBJECT_HEX, &id);
    return true;
}

bool objects_name_tree(struct objects *o, const char *reference, const char *tree, const char *message, struct diag *d)
{
    static const char nobody[] = "ukc <ukc> 0 +0000";
    struct text raw = {};
    git_oid id;
    text_printf(&raw, "tree %s\nauthor %s\ncommitter %s\n\n%s", tree, nobody, nobody, message);
    bool ok = put(o, GIT_OBJECT_COMMIT, raw.bytes, raw.size, &id, d);
    text_dispose(&raw);
    remove_lock(o, reference);
    git_reference *made = NULL;
    if (ok && git_reference_create(&made, o->repository, reference, &id, 1, NULL) != 0)
        ok = failed(d, "a reference cannot be written");
    git_reference_free(made);
    return ok;
}
