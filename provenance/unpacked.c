/*
 * unpacked.c - the working copy of an import, and how it is trusted again.
 *
 * Compilers read unpacked/<tree>/.  Beside it, unpacked/<package>-<id>.state
 * remembers inode, size and times of every file and directory.  The common
 * case compares these (no contents are read): a changed, missing, replaced or
 * added file changes the file's or its directory's line.  Anything unexpected
 * is settled by hashing everything; the state is only a cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "import.h"

static const char *state_path(struct arena *a, const struct unpacked *u)
{
    return arena_printf(a, "%s/unpacked/%s-%s.state", u->store, u->wanted->import->name.text, u->wanted->id);
}

const char *unpacked_directory(struct arena *a, const char *store, const char *tree)
{
    return arena_printf(a, "%s/unpacked/%s", store, tree);
}

static bool describe(struct text *out, const char *root, const char *path, mode_t type)
{
    struct stat st;
    char full[8192];
    if (snprintf(full, sizeof full, "%s/%s", root, path) >= (int)sizeof full || lstat(full, &st) != 0 || (st.st_mode & S_IFMT) != type)
        return false;
    /* a directory's size and change time are the file system's, and renaming its parent may touch them */
    text_printf(out, "%s %ju %jd %jd.%09ld %jd.%09ld %s\n", type == S_IFDIR ? "directory" : "file", (uintmax_t)st.st_ino,
                type == S_IFDIR ? (intmax_t)0 : (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                type == S_IFDIR ? (intmax_t)0 : (intmax_t)st.st_ctim.tv_sec, type == S_IFDIR ? 0L : st.st_ctim.tv_nsec, path);
    return true;
}

static bool state_text(const struct unpacked *u, struct text *out)
{
    text_printf(out, "ukc-unpacked 1\nversion %s\ntree %s\n", u->version, u->tree);
    bool ok = true;
    for (size_t i = 0; ok && i < u->wanted->directory_count; i++)
        ok = describe(out, u->directory, u->wanted->directories[i], S_IFDIR);
    for (size_t i = 0; ok && i < u->wanted->count; i++)
        ok = describe(out, u->directory, u->wanted->files[i].path, S_IFREG);
    return ok;
}

/* An absent or unreadable state is no error: there is just nothing remembered. */
static const char *read_state(struct arena *a, const char *path)
{
    struct file_stat st;
    if (!file_stat(path, &st))
        return NULL;
    struct diag *quiet = diag_create();
    const struct source *s = file_read(a, path, SPAN_NONE, 0, quiet);
    diag_destroy(quiet);
    return s && strlen(s->bytes) == s->size ? s->bytes : NULL;
}

static bool tree_is_clean(const char *tree)
{
    return strlen(tree) == OBJECT_HEX - 1 && strspn(tree, "0123456789abcdef") == OBJECT_HEX - 1;
}

bool unpacked_is_fresh(struct arena *a, struct unpacked *u)
{
    const char *state = read_state(a, state_path(a, u));
    char version[256], tree[64];
    if (!state || sscanf(state, "ukc-unpacked 1\nversion %255s\ntree %63s\n", version, tree) != 2 || !version_is_clean(version) || !tree_is_clean(tree))
        return false;
    u->version = arena_strdup(a, version);
    u->tree = arena_strdup(a, tree);
    u->directory = unpacked_directory(a, u->store, tree);
    struct text now = {};
    bool fresh = state_text(u, &now) && strcmp(text_string(&now), state) == 0;
    text_dispose(&now);
    return fresh;
}

static bool same_paths(const char *const *a, const char *const *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

bool unpacked_is_right(struct arena *a, const struct unpacked *u)
{
    const struct wanted *w = u->wanted;
    struct stat st;
    if (lstat(u->directory, &st) != 0 || !S_ISDIR(st.st_mode))
        return false;
    struct diag *quiet = diag_create();
    const struct file_list *list = file_walk(a, u->directory, SPAN_NONE, quiet);
    bool right = list && list->count == w->count && list->directory_count == w->directory_count &&
                 same_paths(list->paths, w->paths, w->count) && same_paths(list->directories, w->directories, w->directory_count);
    for (size_t i = 0; right && i < w->count; i++) {
        struct hash actual;
        right = hash_file(path_join(a, u->directory, w->files[i].path), &actual, NULL, quiet) && hash_equal(&actual, &w->files[i].sha256);
    }
    diag_destroy(quiet);
    return right;
}

bool unpacked_remember(struct arena *a, const struct unpacked *u, struct diag *d)
{
    struct text state = {};
    bool ok = state_text(u, &state);
    if (!ok)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' changes while it is used", u->directory);
    ok = ok && file_write(state_path(a, u), state.bytes, state.size, NULL, d);
    text_dispose(&state);
    return ok;
}
