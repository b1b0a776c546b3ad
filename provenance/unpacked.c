/*
 * unpacked.c - the working copy of an import, and how it is trusted again.
 *
 * Compilers read unpacked/<tree>/.  Beside it, unpacked/<package>-<id>.state
 * remembers inode, size and times of every file and directory.  The common
 * case compares these (no contents are read): a changed, missing, replaced or
 * added file changes the file's or its directory's line.  Anything unexpected
 * is settled by hashing everything; the state is only a cache.
 *
 * What files a tree has, only its state knows: it tells how many lines it has,
 * so that one that was cut off is not taken for a smaller tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "import.h"

static const char *state_path(struct arena *a, const struct unpacked *u)
{
    const struct import *i = u->wanted->import; /* the name of a repository may be an address */
    return arena_printf(a, "%s/unpacked/%s-%s.state", u->store, i->kind == IMPORT_GIT ? "git" : i->name.text, u->wanted->id);
}

const char *unpacked_directory(struct arena *a, const char *store, const char *tree)
{
    return arena_printf(a, "%s/unpacked/%s", store, tree);
}

/* One line; of a tree, files may be links. */
static bool describe(struct text *out, const char *root, const char *path, bool directory, bool links)
{
    struct stat st;
    char full[8192];
    if (snprintf(full, sizeof full, "%s/%s", root, path) >= (int)sizeof full || lstat(full, &st) != 0)
        return false;
    if (directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode) && !(links && S_ISLNK(st.st_mode)))
        return false;
    /* a directory's size and change time are the file system's, and renaming its parent may touch them */
    text_printf(out, "%s %ju %jd %jd.%09ld %jd.%09ld %s\n", directory ? "directory" : S_ISLNK(st.st_mode) ? "link" : "file", (uintmax_t)st.st_ino,
                directory ? (intmax_t)0 : (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                directory ? (intmax_t)0 : (intmax_t)st.st_ctim.tv_sec, directory ? 0L : st.st_ctim.tv_nsec, path);
    return true;
}

static bool state_text(const struct unpacked *u, struct text *out)
{
    bool tree = wanted_is_tree(u->wanted), ok = true;
    const char *const *directories = tree ? u->listing->directories : u->wanted->directories, *const *paths = tree ? u->listing->paths : u->wanted->paths;
    size_t directory_count = tree ? u->listing->directory_count : u->wanted->directory_count, count = tree ? u->listing->count : u->wanted->count;
    text_printf(out, "ukc-unpacked %d\nversion %s\ntree %s\n", tree ? 2 : 1, u->version, u->tree);
    if (tree)
        text_printf(out, "sha256 %s\ndirectories %zu\nfiles %zu\n", u->sha256, directory_count, count);
    for (size_t i = 0; ok && i < directory_count; i++)
        ok = describe(out, u->directory, directories[i], true, tree);
    for (size_t i = 0; ok && i < count; i++)
        ok = describe(out, u->directory, paths[i], false, tree);
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

static bool is_hex(const char *s, size_t n)
{
    return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

/* The n paths in the lines at *at, each behind five words; NULL when there are fewer. */
static const char **read_paths(struct arena *a, const char **at, size_t n)
{
    VEC(const char *) list = {};
    for (size_t i = 0; i < n; i++) {
        const char *end = strchr(*at, '\n'), *path = *at;
        for (int word = 0; end && path && path < end && word < 5; word++)
            path = memchr(path, ' ', (size_t)(end - path)) ? (const char *)memchr(path, ' ', (size_t)(end - path)) + 1 : NULL;
        if (!end || !path)
            return NULL;
        *vec_add(a, &list) = arena_strndup(a, path, (size_t)(end - path));
        *at = end + 1;
    }
    *vec_add(a, &list) = NULL;
    return list.items;
}

static bool read_tree_state(struct arena *a, struct unpacked *u, const char *state)
{
    char sha256[80];
    struct listing *l = arena_new(a, struct listing);
    int at = 0;
    const char *rest = strstr(state, "\nsha256 ");
    if (!rest || sscanf(rest, "\nsha256 %79s\ndirectories %zu\nfiles %zu\n%n", sha256, &l->directory_count, &l->count, &at) != 3 || !at ||
        !is_hex(sha256, HASH_HEX - 1))
        return false;
    rest += at;
    l->directories = read_paths(a, &rest, l->directory_count);
    l->paths = l->directories ? read_paths(a, &rest, l->count) : NULL;
    u->sha256 = arena_strdup(a, sha256);
    u->listing = l;
    return l->paths;
}

/* The time of its state says when it was used, to the hour: what nobody uses is what leaves first (gc.h). */
static void note_use(const char *state)
{
    struct stat st;
    if (stat(state, &st) == 0 && st.st_mtime + 3600 < time(NULL))
        utimensat(AT_FDCWD, state, NULL, 0);
}

bool unpacked_is_fresh(struct arena *a, struct unpacked *u)
{
    const char *state = read_state(a, state_path(a, u));
    char version[256], tree[64];
    bool whole_tree = wanted_is_tree(u->wanted);
    if (!state || sscanf(state, whole_tree ? "ukc-unpacked 2\nversion %255s\ntree %63s\n" : "ukc-unpacked 1\nversion %255s\ntree %63s\n", version, tree) != 2 ||
        !version_is_clean(version) || !is_hex(tree, OBJECT_HEX - 1) || (whole_tree && !read_tree_state(a, u, state)))
        return false;
    u->version = arena_strdup(a, version);
    u->tree = arena_strdup(a, tree);
    u->directory = unpacked_directory(a, u->store, tree);
    struct text now = {};
    bool fresh = state_text(u, &now) && strcmp(text_string(&now), state) == 0;
    text_dispose(&now);
    if (fresh)
        note_use(state_path(a, u));
    return fresh;
}

static bool same_paths(const char *const *a, const char *const *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool tree_is_right(struct arena *a, struct unpacked *u, struct diag *quiet)
{
    u->listing = listing_scan(a, u->directory, quiet);
    return u->listing && strcmp(u->listing->sha256, u->sha256) == 0;
}

bool unpacked_is_right(struct arena *a, struct unpacked *u)
{
    const struct wanted *w = u->wanted;
    struct stat st;
    if (lstat(u->directory, &st) != 0 || !S_ISDIR(st.st_mode))
        return false;
    struct diag *quiet = diag_create();
    if (wanted_is_tree(w)) {
        bool same = tree_is_right(a, u, quiet);
        diag_destroy(quiet);
        return same;
    }
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
