/*
 * objects_read.c - the reader of git objects that returns, whatever it is given; see objects.h.
 *
 * A loose object is read here, bounded and verified against its SHA-1; only
 * when no loose file has the name does libgit2 read, from packs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/text.h"
#include "inflate.h"
#include "objects_inside.h"

#define ENTRY_LIMIT 4096 /* bytes of a mode and a name in a tree */

/* The modes of git trees, as they are written; in objects.h's order. */
static const char *const modes[] = {[OBJECT_FILE] = "100644", [OBJECT_EXECUTABLE] = "100755", [OBJECT_LINK] = "120000"};

const char *object_mode(enum object_kind kind)
{
    return modes[kind];
}

bool object_kind_of(const char *mode, enum object_kind *out)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(mode, modes[i]) == 0) {
            *out = (enum object_kind)i;
            return true;
        }
    return false;
}

const char *loose_path(const struct objects *o, struct arena *a, size_t root, const git_oid *id)
{
    char hex[OBJECT_HEX];
    git_oid_tostr(hex, sizeof hex, id);
    return arena_printf(a, "%s/%.2s/%s", o->roots[root], hex, hex + 2);
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
    errno = 0;
    while ((n = read(fd, chunk, sizeof chunk)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (size_t)n > limit - out->size)
            return false; /* errno is 0: it is larger */
        text_append(out, chunk, (size_t)n);
    }
    return true;
}

enum object_status read_loose(struct objects *o, struct arena *a, const git_oid *id, struct content *out, const char **damage)
{
    int fd = -1;
    errno = ENOENT;
    for (size_t i = 0; fd < 0 && errno == ENOENT && i < o->root_count; i++)
        fd = open(loose_path(o, a, i, id), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return OBJECT_ABSENT;
    struct text packed = {}, raw = {};
    char hex[OBJECT_HEX];
    const char *wrong = NULL;
    git_oid_tostr(hex, sizeof hex, id);
    bool read = fd >= 0 && read_descriptor(fd, &packed, OBJECT_LIMIT);
    int error = read ? 0 : errno;
    if (fd >= 0)
        close(fd);
    o->outside = error && error != ELOOP && error != EISDIR && error != ENOTDIR && error != ENXIO; /* those: something else lies there */
    if (error) {
        *damage = arena_printf(a, "object %s cannot be read: %s", hex, strerror(error));
        text_dispose(&packed);
        return OBJECT_DAMAGED;
    }
    if (!read)
        wrong = "it is larger than 256 MiB";
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
    if (wrong)
        *damage = arena_printf(a, "object %s is damaged: %s", hex, wrong);
    return wrong ? OBJECT_DAMAGED : OBJECT_OK;
}

/* Only when no loose file has this name, so that libgit2 reads from packs. */
enum object_status read_packed(struct objects *o, struct arena *a, const git_oid *id, struct content *out, const char **damage)
{
    git_odb_object *object;
    git_object_t type;
    size_t size = 0;
    char hex[OBJECT_HEX];
    git_oid_tostr(hex, sizeof hex, id);
    if (git_odb_read_header(&size, &type, o->odb, id) == 0 && size > OBJECT_LIMIT) {
        *damage = arena_printf(a, "object %s is larger than 256 MiB", hex);
        return OBJECT_DAMAGED;
    }
    int rc = git_odb_read(&object, o->odb, id);
    if (rc != 0) {
        const git_error *e = git_error_last();
        o->outside = rc != GIT_ENOTFOUND && e && e->klass == GIT_ERROR_OS;
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
    o->outside = false;
    enum object_status status = o->given ? read_given(o, a, id, out, damage) : read_loose(o, a, id, out, damage);
    if (status == OBJECT_ABSENT && !o->given)
        status = read_packed(o, a, id, out, damage);
    if (status == OBJECT_OK && out->type != type) {
        char hex[OBJECT_HEX];
        *damage = arena_printf(a, "object %s is a %s, not a %s", git_oid_tostr(hex, sizeof hex, id),
                               git_object_type2string(out->type), git_object_type2string(type));
        return OBJECT_DAMAGED;
    }
    return status;
}

/* A tree is a sequence of "<mode> <name>\0<20 bytes of id>". */
enum object_status objects_read_entries(struct objects *o, struct arena *a, const char *tree, const struct object_entry **entries, size_t *count,
                                        const char **damage)
{
    struct content raw;
    git_oid id, child;
    VEC(struct object_entry) list = {};
    if (git_oid_fromstr(&id, tree) != 0) {
        *damage = "the tree's id is malformed";
        return OBJECT_DAMAGED;
    }
    enum object_status status = get(o, a, &id, GIT_OBJECT_TREE, &raw, damage);
    const char *at = raw.bytes, *end = status == OBJECT_OK ? raw.bytes + raw.size : NULL;
    while (status == OBJECT_OK && at < end) {
        const char *nul = memchr(at, 0, (size_t)(end - at));
        const char *space = nul ? memchr(at, ' ', (size_t)(nul - at)) : NULL;
        if (!space || end - nul < 21 || nul - at > ENTRY_LIMIT || !path_is_inside(space + 1) || strchr(space + 1, '/')) {
            *damage = arena_printf(a, "tree %s is malformed", tree);
            return OBJECT_DAMAGED;
        }
        struct object_entry *e = vec_add(a, &list);
        *e = (struct object_entry){.mode = arena_strndup(a, at, (size_t)(space - at)), .name = space + 1};
        git_oid_fromraw(&child, (const unsigned char *)nul + 1);
        git_oid_tostr(e->id, sizeof e->id, &child);
        at = nul + 21;
    }
    *entries = list.items;
    *count = list.count;
    return status;
}

enum object_status objects_read(struct objects *o, struct arena *a, const char *id, enum object_type type, const char **bytes, size_t *size,
                                const char **damage)
{
    static const git_object_t types[] = {[OBJECT_COMMIT] = GIT_OBJECT_COMMIT, [OBJECT_BLOB] = GIT_OBJECT_BLOB, [OBJECT_TREE] = GIT_OBJECT_TREE};
    git_oid oid;
    struct content content;
    *damage = "the object's id is malformed";
    if (git_oid_fromstr(&oid, id) != 0)
        return OBJECT_DAMAGED;
    enum object_status status = get(o, a, &oid, types[type], &content, damage);
    if (status == OBJECT_OK) {
        *bytes = content.bytes;
        *size = content.size;
    }
    return status;
}

bool objects_parse_commit(struct arena *a, const char *bytes, size_t size, char tree[OBJECT_HEX], const char **message)
{
    const char *text = arena_strndup(a, bytes, size);
    const char *body = strstr(text, "\n\n");
    git_oid check;
    if (strncmp(text, "tree ", 5) != 0 || strlen(text) < 46 || text[45] != '\n')
        return false;
    memcpy(tree, text + 5, OBJECT_HEX - 1);
    tree[OBJECT_HEX - 1] = '\0';
    *message = body ? body + 2 : "";
    return git_oid_fromstr(&check, tree) == 0;
}

const char *const *objects_parse_parents(struct arena *a, const char *bytes, size_t size, size_t *count)
{
    VEC(const char *) list = {};
    const char *text = arena_strndup(a, bytes, size);
    for (const char *line = strlen(text) > 46 ? text + 46 : ""; string_starts(line, "parent ") && strlen(line) > 47; line += 48)
        *vec_add(a, &list) = arena_strndup(a, line + 7, OBJECT_HEX - 1);
    *count = list.count;
    return list.items;
}

enum diag_class objects_fault(const struct objects *o)
{
    return o->outside ? DIAG_OUTSIDE : DIAG_INTEGRITY;
}

/* libgit2 could not read the file of a reference, and it is a file, or nobody may say. */
static bool is_outside(const struct objects *o, struct arena *a, const char *reference)
{
    const git_error *e = git_error_last();
    struct stat st;
    const char *path = path_join(a, o->directory, reference);
    return e && e->klass == GIT_ERROR_OS && (lstat(path, &st) == 0 ? S_ISREG(st.st_mode) : errno != ENOTDIR && errno != ELOOP);
}

enum object_status objects_reference(struct objects *o, struct arena *a, const char *reference, char id[OBJECT_HEX], const char **damage)
{
    git_oid oid;
    int rc = git_reference_name_to_id(&oid, o->repository, reference);
    o->outside = rc != 0 && rc != GIT_ENOTFOUND && is_outside(o, a, reference);
    if (rc == 0)
        git_oid_tostr(id, OBJECT_HEX, &oid);
    else if (rc != GIT_ENOTFOUND)
        *damage = o->outside ? arena_printf(a, "reference %s: %s", reference, libgit2_error()) : arena_printf(a, "reference %s is damaged", reference);
    return rc == 0 ? OBJECT_OK : rc == GIT_ENOTFOUND ? OBJECT_ABSENT : OBJECT_DAMAGED;
}

enum object_status objects_find(struct objects *o, struct arena *a, const char *reference, char tree[OBJECT_HEX], const char **message,
                                const char **damage)
{
    git_oid id;
    char hex[OBJECT_HEX];
    struct content commit;
    enum object_status status = objects_reference(o, a, reference, hex, damage);
    if (status != OBJECT_OK)
        return status;
    git_oid_fromstr(&id, hex);
    if (get(o, a, &id, GIT_OBJECT_COMMIT, &commit, damage) != OBJECT_OK)
        return OBJECT_DAMAGED;
    if (!objects_parse_commit(a, commit.bytes, commit.size, tree, message)) {
        *damage = arena_printf(a, "reference %s names a commit that ukc did not write", reference);
        return OBJECT_DAMAGED;
    }
    return OBJECT_OK;
}

struct reading {
    struct objects *objects;
    struct arena *arena;
    VEC(struct object_file) files;
    const char *damage;
};

static enum object_status read_tree(struct reading *, const char *tree, const char *prefix, unsigned depth);

static enum object_status read_entry(struct reading *r, const struct object_entry *e, const char *prefix, unsigned depth)
{
    const char *path = arena_printf(r->arena, "%s%s", prefix, e->name);
    if (strcmp(e->mode, "40000") == 0)
        return read_tree(r, e->id, arena_printf(r->arena, "%s/", path), depth + 1);
    struct object_file file = {.path = path};
    if (!object_kind_of(e->mode, &file.kind)) {
        r->damage = arena_printf(r->arena, "the tree's entry '%s' has mode %s, which ukc does not write", path, e->mode);
        return OBJECT_DAMAGED;
    }
    enum object_status status = objects_read(r->objects, r->arena, e->id, OBJECT_BLOB, &file.bytes, &file.size, &r->damage);
    if (status == OBJECT_OK)
        *vec_add(r->arena, &r->files) = file;
    else
        r->damage = arena_printf(r->arena, "%s (the file '%s')", r->damage, path);
    return status;
}

static enum object_status read_tree(struct reading *r, const char *tree, const char *prefix, unsigned depth)
{
    const struct object_entry *entries;
    size_t count = 0;
    enum object_status status = objects_read_entries(r->objects, r->arena, tree, &entries, &count, &r->damage);
    if (status == OBJECT_OK && depth > OBJECT_DEPTH_LIMIT) {
        r->damage = arena_printf(r->arena, "the tree '%s' is too deep", prefix);
        return OBJECT_DAMAGED;
    }
    for (size_t i = 0; status == OBJECT_OK && i < count; i++)
        status = read_entry(r, &entries[i], prefix, depth);
    return status;
}

enum object_status objects_read_tree(struct objects *o, struct arena *a, const char *tree, const struct object_file **files, size_t *count,
                                     const char **damage)
{
    struct reading r = {.objects = o, .arena = a};
    enum object_status status = read_tree(&r, tree, "", 0);
    *files = r.files.items;
    *count = r.files.count;
    *damage = r.damage;
    return status;
}
