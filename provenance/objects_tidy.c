/*
 * objects_tidy.c - see objects_tidy.h.
 *
 * Marked is what references lead to, commits and trees read by our own reader: so libgit2, which packs, reads no loose object that was
 * not verified before.  Old packs are written anew when something in them is named by nothing, or when there are many.
 */
#include "objects_tidy.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"
#include "../ukc/base/map.h"
#include "../ukc/base/text.h"
#include "objects_inside.h"

#define PACKS 16 /* as many become one */
#define LOOSE 64 /* fewer are not worth a pack */

struct marked {
    char id[OBJECT_HEX];
    const char *name; /* of a file or directory: like named objects are alike */
};

struct tidy {
    struct arena *a;
    struct objects *objects;
    const struct tidying *want;
    struct map reached; /* ids: their place in `marks` */
    VEC(struct marked) marks;
    VEC(const char *) commits;  /* to be read */
    struct map loose;           /* ids */
    VEC(const char *) loose_ids;
    VEC(const char *) packs;    /* "pack-..." without its ending; those that git was told to keep are left out */
    size_t packed_garbage;
    bool stays; /* no pack could be written */
    struct tidied *out;
    struct diag *d;
};

/* ---- what references lead to ---- */

static bool mark(struct tidy *t, const char *id, const char *name)
{
    if (map_get(&t->reached, id) != MAP_ABSENT)
        return false;
    struct marked m = {.name = name};
    memcpy(m.id, id, OBJECT_HEX);
    map_add(&t->reached, arena_strdup(t->a, id), (uint32_t)t->marks.count);
    *vec_add(t->a, &t->marks) = m;
    return true;
}

static bool unreadable(struct tidy *t, enum object_status status, const char *damage)
{
    diag_fail(t->d, status == OBJECT_ABSENT ? DIAG_MISSING : objects_fault(t->objects), SPAN_NONE, "the store's objects are left as they are: %s", damage);
    return objects_fault(t->objects) == DIAG_INTEGRITY && diag_help(t->d, "'ukc verify --deep' says what it is of, and what to do");
}

static bool mark_tree(struct tidy *t, const char *tree, const char *name, unsigned depth)
{
    const struct object_entry *entries;
    size_t count = 0;
    const char *damage = "a tree is too deep";
    if (!mark(t, tree, name))
        return true;
    struct arena *a = arena_create();
    enum object_status status = depth > OBJECT_DEPTH_LIMIT ? OBJECT_DAMAGED : objects_read_entries(t->objects, a, tree, &entries, &count, &damage);
    bool good = status == OBJECT_OK || unreadable(t, status, damage);
    for (size_t i = 0; good && i < count; i++) {
        const char *kept = arena_strdup(t->a, entries[i].name);
        if (strcmp(entries[i].mode, "40000") == 0)
            good = mark_tree(t, entries[i].id, kept, depth + 1);
        else
            mark(t, entries[i].id, kept);
    }
    arena_destroy(a);
    return good;
}

static bool mark_commit(struct tidy *t, const char *id)
{
    struct arena *a = arena_create();
    const char *bytes, *message, *damage = NULL;
    char tree[OBJECT_HEX];
    size_t size = 0, count = 0;
    enum object_status status = objects_read(t->objects, a, id, OBJECT_COMMIT, &bytes, &size, &damage);
    bool good = status == OBJECT_OK || unreadable(t, status, damage);
    if (good && !objects_parse_commit(a, bytes, size, tree, &message))
        good = unreadable(t, OBJECT_DAMAGED, arena_printf(a, "commit %s is malformed", id));
    const char *const *parents = good ? objects_parse_parents(t->a, bytes, size, &count) : NULL;
    for (size_t i = 0; i < count; i++)
        if (mark(t, parents[i], ""))
            *vec_add(t->a, &t->commits) = parents[i];
    good = good && mark_tree(t, tree, "", 0);
    arena_destroy(a);
    return good;
}

static const char *const *references_fail(struct diag *d)
{
    libgit2_failed(d, "the references of the store cannot be read");
    diag_help(d, "'git -C <store>/objects for-each-ref' says more; packed-refs there may be moved away: 'ukc store reindex' writes the log again from the index, and imports are fetched again");
    return NULL;
}

const char *const *objects_references(struct objects *o, struct arena *a, size_t *count, struct diag *d)
{
    git_reference_iterator *all = NULL;
    const char *name;
    VEC(const char *) list = {};
    if (git_reference_iterator_new(&all, o->repository) != 0)
        return references_fail(d);
    int rc;
    while ((rc = git_reference_next_name(&name, all)) == 0)
        *vec_add(a, &list) = arena_strdup(a, name);
    git_reference_iterator_free(all);
    if (rc != GIT_ITEROVER)
        return references_fail(d);
    *count = list.count ? string_sort_unique(list.items, list.count) : 0;
    return list.items ? list.items : arena_array(a, const char *, 1);
}

bool objects_remove_reference(struct objects *o, const char *reference, struct diag *d)
{
    objects_remove_lock(o, reference);
    return git_reference_remove(o->repository, reference) == 0 || libgit2_failed(d, "a reference cannot be removed");
}

static bool mark_all(struct tidy *t)
{
    size_t count = 0;
    const char *const *references = objects_references(t->objects, t->a, &count, t->d);
    for (size_t i = 0; references && i < count; i++) {
        char *id = arena_alloc(t->a, OBJECT_HEX, 1);
        const char *damage = NULL;
        if (t->want->without_count && bsearch(&references[i], t->want->without, t->want->without_count, sizeof *t->want->without, string_compare))
            continue;
        enum object_status status = objects_reference(t->objects, t->a, references[i], id, &damage);
        if (status == OBJECT_DAMAGED)
            return unreadable(t, status, damage);
        if (status == OBJECT_OK && mark(t, id, ""))
            *vec_add(t->a, &t->commits) = id;
    }
    while (t->commits.count)
        if (!mark_commit(t, t->commits.items[--t->commits.count]))
            return false;
    return references;
}

/* ---- what there is ---- */

static const char *inside(const struct tidy *t, const char *path)
{
    return arena_printf(t->a, "%s/objects/%s", t->objects->directory, path);
}

static bool is_hex(const char *s, size_t n)
{
    return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

static void list_loose(struct tidy *t)
{
    for (unsigned k = 0; k < 256; k++) {
        DIR *dir = opendir(inside(t, arena_printf(t->a, "%02x", k)));
        for (struct dirent *e; dir && (e = readdir(dir));) {
            const char *id = is_hex(e->d_name, 38) ? arena_printf(t->a, "%02x%s", k, e->d_name) : NULL;
            if (id && map_add(&t->loose, id, 1) == MAP_ABSENT)
                *vec_add(t->a, &t->loose_ids) = id;
        }
        if (dir)
            closedir(dir);
    }
}

static void list_packs(struct tidy *t)
{
    DIR *dir = opendir(inside(t, "pack"));
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (string_starts(e->d_name, "pack-") && string_ends(e->d_name, ".pack")) {
            const char *name = arena_strndup(t->a, e->d_name, strlen(e->d_name) - strlen(".pack"));
            if (!file_exists(inside(t, arena_printf(t->a, "pack/%s.keep", name))))
                *vec_add(t->a, &t->packs) = name;
        }
    if (dir)
        closedir(dir);
}

static int count_garbage(const git_oid *id, void *payload)
{
    struct tidy *t = payload;
    char hex[OBJECT_HEX];
    git_oid_tostr(hex, sizeof hex, id);
    if (map_get(&t->loose, hex) == MAP_ABSENT && map_get(&t->reached, hex) == MAP_ABSENT)
        t->packed_garbage++;
    return 0;
}

/* What is twice came again because the one in the pack is damaged (or somebody was killed): a pack that is written anew has the loose one. */
static bool is_any_twice(struct tidy *t)
{
    git_odb *odb = NULL;
    git_odb_backend *packs = NULL;
    bool found = false, good = git_odb_new(&odb) == 0 && git_odb_backend_pack(&packs, inside(t, "")) == 0 && git_odb_add_backend(odb, packs, 1) == 0;
    for (size_t i = 0; good && i < t->loose_ids.count && !found; i++) {
        git_oid id;
        found = git_oid_fromstr(&id, t->loose_ids.items[i]) == 0 && git_odb_exists_ext(odb, &id, GIT_ODB_LOOKUP_NO_REFRESH);
    }
    git_odb_free(odb);
    return found;
}

/* ---- packing ---- */

/* libgit2 reads what is packed: of loose objects only those that are right. */
static bool verify_loose(struct tidy *t, const char *id)
{
    struct arena *a = arena_create();
    struct content content;
    const char *damage = NULL;
    git_oid oid;
    git_oid_fromstr(&oid, id);
    enum object_status status = read_loose(t->objects, a, &oid, &content, &damage);
    bool good = status == OBJECT_OK || unreadable(t, status, damage ? damage : "an object is gone");
    arena_destroy(a);
    return good;
}

static bool add_objects(struct tidy *t, git_packbuilder *pack, bool all)
{
    for (size_t i = 0; i < t->marks.count; i++) {
        const struct marked *m = &t->marks.items[i];
        bool loose = map_get(&t->loose, m->id) != MAP_ABSENT;
        git_oid id;
        if (!all && !loose)
            continue;
        if (loose && !verify_loose(t, m->id))
            return false;
        t->out->packed += loose;
        git_oid_fromstr(&id, m->id);
        if (!t->want->dry_run && (loose || git_odb_exists(t->objects->odb, &id)) && git_packbuilder_insert(pack, &id, *m->name ? m->name : NULL) != 0)
            return libgit2_failed(t->d, "an object cannot be packed");
    }
    return true;
}

/* On a disk without room, what was freed has to do. */
static const char *stay(struct tidy *t, const char *why)
{
    diag_warning(t->d, SPAN_NONE, "the objects stay as they are, for they cannot be packed: %s", why);
    t->stays = true;
    t->out->packed = 0;
    t->out->removed = 0;
    return "";
}

static const char *not_packed(struct tidy *t)
{
    if (git_error_last() && git_error_last()->klass == GIT_ERROR_OS)
        return stay(t, libgit2_error());
    unreadable(t, OBJECT_DAMAGED, libgit2_error());
    return NULL;
}

/*
 * libgit2 names a pack by the ids in it, and would put one over another of the same ids, two files one after the other.  It is written aside, and has a
 * name of its own before it has an index: until then nobody looks at it.
 */
static const char *put_pack(struct tidy *t, const char *aside, const char *written)
{
    static const char *const endings[] = {"pack", "idx"};
    const char *name = written;
    while (file_exists(inside(t, arena_printf(t->a, "pack/pack-%s.pack", name))) || file_exists(inside(t, arena_printf(t->a, "pack/pack-%s.idx", name)))) {
        char hex[OBJECT_HEX];
        git_oid next;
        git_odb_hash(&next, name, strlen(name), GIT_OBJECT_BLOB);
        name = arena_strdup(t->a, git_oid_tostr(hex, sizeof hex, &next));
    }
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (rename(arena_printf(t->a, "%s/pack-%s.%s", aside, written, endings[i]), inside(t, arena_printf(t->a, "pack/pack-%s.%s", name, endings[i]))) != 0) {
            diag_fail(t->d, DIAG_OUTSIDE, SPAN_NONE, "the new pack cannot be renamed: %s", strerror(errno));
            return NULL;
        }
    return arena_printf(t->a, "pack-%s", name);
}

/* The name of the new pack: NULL after reporting; "" when there is nothing to pack, or it cannot be written. */
static const char *write_pack(struct tidy *t, bool all)
{
    git_packbuilder *pack = NULL;
    if (git_packbuilder_new(&pack, t->objects->repository) != 0) {
        libgit2_failed(t->d, "objects cannot be packed");
        return NULL;
    }
    const char *name = add_objects(t, pack, all) ? "" : NULL, *aside = inside(t, "pack/" PACK_ASIDE);
    if (name && git_packbuilder_object_count(pack)) {
        if (mkdir(aside, 0777) != 0)
            name = stay(t, strerror(errno));
        else if (git_packbuilder_write(pack, aside, 0444, NULL, NULL) == 0)
            name = put_pack(t, aside, git_packbuilder_name(pack));
        else
            name = not_packed(t);
    }
    git_packbuilder_free(pack);
    return file_remove_tree(aside, t->d) ? name : NULL;
}

/* Objects leave only when a pack has them: the new one is asked, by itself. */
static bool is_in_pack(struct tidy *t, const char *name, bool all)
{
    git_odb *odb = NULL;
    git_odb_backend *backend = NULL;
    bool good = git_odb_new(&odb) == 0 && git_odb_backend_one_pack(&backend, inside(t, arena_printf(t->a, "pack/%s.idx", name))) == 0 &&
                git_odb_add_backend(odb, backend, 1) == 0;
    for (size_t i = 0; good && i < t->marks.count; i++) {
        git_oid id;
        git_oid_fromstr(&id, t->marks.items[i].id);
        if (map_get(&t->loose, t->marks.items[i].id) != MAP_ABSENT || (all && git_odb_exists(t->objects->odb, &id)))
            good = git_odb_exists(odb, &id);
    }
    git_odb_free(odb);
    return good || diag_fail(t->d, DIAG_OUTSIDE, SPAN_NONE, "the new pack '%s' does not have what it should; nothing was removed", name);
}

static bool sync_packs(struct tidy *t)
{
    int fd = open(inside(t, "pack"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (!good)
        diag_fail(t->d, DIAG_OUTSIDE, SPAN_NONE, "the new pack cannot be written: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

/* ---- removing ---- */

static uint64_t remove_file(const char *path)
{
    struct file_stat now;
    return file_stat(path, &now) && unlink(path) == 0 ? now.size : 0;
}

static uint64_t remove_pack(struct tidy *t, const char *name)
{
    static const char *const endings[] = {"idx", "rev", "bitmap", "mtimes", "pack"}; /* without its index a pack is not looked at */
    uint64_t bytes = 0;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        bytes += remove_file(inside(t, arena_printf(t->a, "pack/%s.%s", name, endings[i])));
    return bytes;
}

/* What git wrote about packs and commits that may leave; it makes them again. */
static void remove_indexes(struct tidy *t)
{
    struct diag *quiet = diag_create();
    unlink(inside(t, "pack/multi-pack-index"));
    unlink(inside(t, "info/commit-graph"));
    unlink(inside(t, "info/packs"));
    file_remove_tree(inside(t, "info/commit-graphs"), quiet);
    diag_destroy(quiet);
}

/* Named by nothing, and its builder has ended long ago. */
static bool is_garbage(struct tidy *t, const char *id, const char *path)
{
    struct stat st;
    return map_get(&t->reached, id) == MAP_ABSENT && stat(path, &st) == 0 && st.st_mtime < t->want->before;
}

/* Garbage, and what is packed now. */
static void remove_loose(struct tidy *t, bool packed)
{
    struct file_stat now;
    for (size_t i = 0; i < t->loose_ids.count; i++) {
        const char *id = t->loose_ids.items[i], *path = inside(t, arena_printf(t->a, "%.2s/%s", id, id + 2));
        bool garbage = is_garbage(t, id, path);
        if (!garbage && (!packed || map_get(&t->reached, id) == MAP_ABSENT))
            continue;
        t->out->removed += garbage;
        if (t->want->dry_run)
            t->out->removed_bytes += garbage && file_stat(path, &now) ? now.size : 0;
        else
            t->out->removed_bytes += remove_file(path);
    }
    for (unsigned k = 0; k < 256 && !t->want->dry_run; k++)
        rmdir(inside(t, arena_printf(t->a, "%02x", k)));
}

static bool replace(struct tidy *t, bool all)
{
    struct file_stat made = {};
    bool pack = all || t->loose_ids.count >= LOOSE;
    if (t->want->dry_run) {
        bool good = !pack || add_objects(t, NULL, all);
        if (good)
            remove_loose(t, false);
        return good;
    }
    const char *name = pack ? write_pack(t, all) : "";
    if (!name || (*name && (!is_in_pack(t, name, all) || !sync_packs(t))))
        return false;
    all = all && !t->stays;
    if (all)
        remove_indexes(t);
    for (size_t i = 0; all && i < t->packs.count; i++)
        if (strcmp(t->packs.items[i], name) != 0)
            t->out->removed_bytes += remove_pack(t, t->packs.items[i]);
    remove_loose(t, *name);
    if (*name)
        file_stat(inside(t, arena_printf(t->a, "pack/%s.pack", name)), &made);
    t->out->freed = t->out->removed_bytes > made.size ? t->out->removed_bytes - made.size : 0;
    return true;
}

bool objects_tidy(struct objects *o, const struct tidying *want, struct tidied *out, struct diag *d)
{
    struct tidy t = {.a = arena_create(), .objects = o, .want = want, .out = out, .d = d};
    *out = (struct tidied){};
    bool good = mark_all(&t);
    if (good) {
        list_loose(&t);
        list_packs(&t);
        good = git_odb_foreach(o->odb, count_garbage, &t) == 0 || libgit2_failed(d, "the store's objects cannot be listed");
        out->removed = t.packed_garbage;
        good = good && replace(&t, t.packed_garbage || t.packs.count >= PACKS || is_any_twice(&t));
    }
    if (want->dry_run)
        out->freed = out->removed_bytes;
    map_dispose(&t.reached);
    map_dispose(&t.loose);
    arena_destroy(t.a);
    return good;
}
