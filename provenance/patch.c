/*
 * patch.c - applies the patches of a manifest to a tree, with libgit2.
 *
 * libgit2 reads the patch and finds its places.  It is given only the files
 * that the patch names, in a repository that exists in memory alone; what
 * comes out replaces them on disk.
 *
 * Binary patches are refused: libgit2 1.5.1 does not return from some of them.
 * So are those with a NUL: it reads beyond a line that has one.
 */
#include <errno.h>
#include <git2.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "import.h"

struct patching {
    struct arena *arena;
    const struct patch *patch;
    const char *root;
    git_repository *repository;
    git_diff *diff;
    VEC(const char *) paths; /* every one that the patch names */
    const char *at, *hunk;   /* where libgit2 is */
    struct findings *findings;
    struct diag *diag;
};

static bool wrong(struct patching *p, const char *text)
{
    finding_add(p->arena, p->findings, DIAG_INPUT, p->patch->span, "the patch '%s' %s", p->patch->name, text);
    return false;
}

static const char *git_words(struct patching *p)
{
    const git_error *e = git_error_last();
    struct text t = {};
    text_puts(&t, e && e->message ? e->message : "unknown error of libgit2");
    const char *line = one_line(p->arena, &t);
    text_dispose(&t);
    return line;
}

/* ---- what the patch names ---- */

/* Its directories are directories: nothing is read or written through a link. */
static bool check_place(struct patching *p, const char *path)
{
    const char *fault = path_fault(p->arena, path);
    if (fault)
        return wrong(p, arena_printf(p->arena, "names '%s': %s", path, fault));
    struct stat st;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        const char *above = arena_strndup(p->arena, path, (size_t)(slash - path));
        if (lstat(path_join(p->arena, p->root, above), &st) == 0 && !S_ISDIR(st.st_mode))
            return wrong(p, arena_printf(p->arena, "names '%s', and '%s' is no directory", path, above));
    }
    if (lstat(path_join(p->arena, p->root, path), &st) == 0 && !S_ISREG(st.st_mode))
        return wrong(p, arena_printf(p->arena, "names '%s', which is no regular file", path));
    return true;
}

static bool add_path(struct patching *p, const char *path)
{
    for (size_t i = 0; i < p->paths.count; i++)
        if (strcmp(p->paths.items[i], path) == 0)
            return true;
    if (!check_place(p, path))
        return false;
    *vec_add(p->arena, &p->paths) = arena_strdup(p->arena, path);
    return true;
}

static bool is_odd(unsigned mode)
{
    return mode && !S_ISREG(mode);
}

/* Twice the same new file: libgit2 would put one into the other. */
static bool is_made_twice(struct patching *p, size_t number)
{
    const git_diff_delta *delta = git_diff_get_delta(p->diff, number);
    for (size_t i = 0; delta->status == GIT_DELTA_ADDED && i < number; i++) {
        const git_diff_delta *other = git_diff_get_delta(p->diff, i);
        if (other->status == GIT_DELTA_ADDED && string_equal(other->new_file.path, delta->new_file.path))
            return true;
    }
    return false;
}

/* A file that is deleted has the lines that the patch takes away, and no more: libgit2 drops what is left. */
static bool check_deleted(struct patching *p, size_t number, const char *path)
{
    git_patch *patch = NULL;
    if (git_patch_from_diff(&patch, p->diff, number) != 0)
        return wrong(p, arena_printf(p->arena, "cannot be read: %s", git_words(p)));
    const struct source *s = file_read(p->arena, path_join(p->arena, p->root, path), SPAN_NONE, IMPORT_FILE_LIMIT, p->diag);
    size_t lines = 0, taken = 0;
    for (const char *at = s ? s->bytes : NULL, *end = s ? at + s->size : NULL; at < end; lines++)
        at = memchr(at, '\n', (size_t)(end - at)) ? (const char *)memchr(at, '\n', (size_t)(end - at)) + 1 : end;
    for (size_t i = 0; i < git_patch_num_hunks(patch); i++) {
        const git_diff_hunk *hunk;
        if (git_patch_get_hunk(&hunk, NULL, patch, i) == 0 && hunk->new_lines == 0)
            taken += (size_t)hunk->old_lines;
    }
    git_patch_free(patch);
    if (!s || taken == lines)
        return s;
    return wrong(p, arena_printf(p->arena, "does not fit: it deletes '%s', and takes %zu of its %zu lines away", path, taken, lines));
}

static bool check_delta(struct patching *p, size_t number)
{
    const git_diff_delta *delta = git_diff_get_delta(p->diff, number);
    const char *old = delta->old_file.path, *new = delta->new_file.path, *path = new ? new : old;
    bool added = delta->status == GIT_DELTA_ADDED, deleted = delta->status == GIT_DELTA_DELETED;
    if (!path || (!old && !added) || (!new && !deleted))
        return wrong(p, "has a change without a file name");
    if (delta->flags & GIT_DIFF_FLAG_BINARY)
        return wrong(p, arena_printf(p->arena, "has a binary change of '%s': only text can be patched", path));
    if ((delta->old_file.mode & S_IFMT) == S_IFLNK || (delta->new_file.mode & S_IFMT) == S_IFLNK)
        return wrong(p, arena_printf(p->arena, "makes or changes the symbolic link '%s'", path));
    if (is_odd(delta->old_file.mode) || is_odd(delta->new_file.mode))
        return wrong(p, arena_printf(p->arena, "gives '%s' a mode that no regular file has", path));
    if (is_made_twice(p, number))
        return wrong(p, arena_printf(p->arena, "makes '%s' twice", path));
    if ((!deleted && !add_path(p, new)) || (!added && !add_path(p, old)))
        return false;
    bool exists = file_exists(path_join(p->arena, p->root, added ? new : old));
    if (added && exists)
        return wrong(p, arena_printf(p->arena, "does not fit: it makes '%s', which is there already", new));
    if (!added && !exists)
        return wrong(p, arena_printf(p->arena, "does not fit: there is no '%s' in what is kept", old));
    return !deleted || check_deleted(p, number, old);
}

static bool read_patch(struct patching *p)
{
    struct text text = {};
    if (memchr(p->patch->text->bytes, 0, p->patch->text->size))
        return wrong(p, "is not text: it has a NUL byte");
    patch_complete(p->patch->text, &text);
    int rc = git_diff_from_buffer(&p->diff, text_string(&text), text.size);
    text_dispose(&text);
    if (rc != 0 && rc != GIT_ENOTFOUND)
        return wrong(p, arena_printf(p->arena, "cannot be read: %s", git_words(p)));
    size_t count = rc == 0 ? git_diff_num_deltas(p->diff) : 0;
    if (count == 0)
        return wrong(p, "has no change in it");
    for (size_t i = 0; i < count; i++)
        if (!check_delta(p, i))
            return false;
    return true;
}

/* ---- before and after ---- */

static bool open_memory(struct patching *p)
{
    git_odb *odb = NULL;
    git_odb_backend *memory = NULL;
    bool ok = git_odb_new(&odb) == 0 && git_mempack_new(&memory) == 0 && git_odb_add_backend(odb, memory, 1) == 0 &&
              git_repository_wrap_odb(&p->repository, odb) == 0;
    git_odb_free(odb);
    return ok || diag_fail(p->diag, DIAG_OUTSIDE, p->patch->span, "the patch cannot be applied: %s", git_words(p));
}

static bool add_before(struct patching *p, git_index *index, const char *path)
{
    const char *full = path_join(p->arena, p->root, path);
    struct stat st;
    if (lstat(full, &st) != 0)
        return true; /* the patch makes it */
    const struct source *s = file_read(p->arena, full, SPAN_NONE, IMPORT_FILE_LIMIT, p->diag);
    git_index_entry e = {.path = path, .mode = st.st_mode & S_IXUSR ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB};
    if (!s)
        return false;
    if (git_blob_create_from_buffer(&e.id, p->repository, s->bytes, s->size) != 0 || git_index_add(index, &e) != 0)
        return diag_fail(p->diag, DIAG_OUTSIDE, p->patch->span, "the patch cannot be applied: %s", git_words(p));
    return true;
}

static bool make_before(struct patching *p, git_tree **tree)
{
    git_index *index = NULL;
    git_oid id;
    if (git_index_new(&index) != 0)
        return diag_fail(p->diag, DIAG_OUTSIDE, p->patch->span, "the patch cannot be applied: %s", git_words(p));
    bool ok = true;
    for (size_t i = 0; ok && i < p->paths.count; i++)
        ok = add_before(p, index, p->paths.items[i]);
    if (ok && (git_index_write_tree_to(&id, index, p->repository) != 0 || git_tree_lookup(tree, p->repository, &id) != 0))
        ok = diag_fail(p->diag, DIAG_OUTSIDE, p->patch->span, "the patch cannot be applied: %s", git_words(p));
    git_index_free(index);
    return ok;
}

static int on_delta(const git_diff_delta *delta, void *context)
{
    struct patching *p = context;
    p->at = arena_strdup(p->arena, delta->new_file.path ? delta->new_file.path : delta->old_file.path);
    p->hunk = NULL;
    return 0;
}

static int on_hunk(const git_diff_hunk *hunk, void *context)
{
    struct patching *p = context;
    p->hunk = arena_strndup(p->arena, hunk->header, strcspn(hunk->header, "\n"));
    return 0;
}

static bool apply(struct patching *p, git_tree *before, git_index **after)
{
    git_apply_options options = GIT_APPLY_OPTIONS_INIT;
    options.delta_cb = on_delta;
    options.hunk_cb = on_hunk;
    options.payload = p;
    if (git_apply_to_tree(after, p->repository, before, p->diff, &options) == 0)
        return true;
    return wrong(p, arena_printf(p->arena, "does not fit '%s'%s%s: %s", p->at ? p->at : "the tree", p->hunk ? " at " : "", p->hunk ? p->hunk : "", git_words(p)));
}

/* ---- on disk ---- */

/* With the directories that become empty: git has none. */
static bool remove_file(struct patching *p, const char *path)
{
    const char *full = path_join(p->arena, p->root, path);
    if (unlink(full) != 0 && errno != ENOENT)
        return diag_fail(p->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be removed: %s", full, strerror(errno));
    for (const char *above = path_directory(p->arena, path); strcmp(above, ".") != 0; above = path_directory(p->arena, above))
        if (rmdir(path_join(p->arena, p->root, above)) != 0)
            break;
    return true;
}

static bool write_after(struct patching *p, git_index *after, const char *path)
{
    const git_index_entry *e = git_index_get_bypath(after, path, 0);
    const char *full = path_join(p->arena, p->root, path);
    git_blob *blob = NULL;
    if (!e)
        return remove_file(p, path);
    if (unlink(full) != 0 && errno != ENOENT)
        return diag_fail(p->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be replaced: %s", full, strerror(errno));
    if (git_blob_lookup(&blob, p->repository, &e->id) != 0)
        return diag_fail(p->diag, DIAG_OUTSIDE, p->patch->span, "the patch cannot be applied: %s", git_words(p));
    bool ok = write_new_file(full, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), p->diag) &&
              (!(e->mode & S_IXUSR) || make_executable(full, p->diag));
    git_blob_free(blob);
    return ok;
}

static bool apply_patch(struct patching *p)
{
    git_tree *before = NULL;
    git_index *after = NULL;
    bool ok = read_patch(p) && open_memory(p) && make_before(p, &before) && apply(p, before, &after);
    for (size_t i = 0; ok && i < p->paths.count; i++)
        ok = write_after(p, after, p->paths.items[i]);
    git_index_free(after);
    git_tree_free(before);
    git_repository_free(p->repository);
    git_diff_free(p->diff);
    return ok;
}

bool patches_apply(struct arena *a, const struct wanted *w, const char *root, struct findings *findings, struct diag *d)
{
    for (size_t i = 0; i < w->patch_count; i++) {
        size_t before = findings->count;
        if (apply_patch(&(struct patching){.arena = a, .patch = &w->patches[i], .root = root, .findings = findings, .diag = d}))
            continue;
        if (findings->count > before)
            finding_help(findings, patch_remedy(a, w, &w->patches[i], root));
        return false;
    }
    return true;
}
