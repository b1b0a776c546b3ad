/*
 * walk.c - directory trees: listing them, removing them.
 *
 * Both go by descriptors of directories, opened without following symlinks:
 * a directory that is exchanged for a symlink meanwhile is not entered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "file.h"
#include "memory.h"
#include "text.h"

#define DEPTH_MAX 100 /* one open descriptor each */

enum { OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

struct walk {
    struct arena *arena;
    struct diag *diag;
    struct span place;
    const char *root;
    VEC(const char *) paths, directories;
};

static bool is_dot(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

/* path: of the directory, relative to the root; "" for the root itself.  Closes fd. */
static bool walk_directory(struct walk *w, int fd, const char *path, unsigned depth);

static bool walk_entry(struct walk *w, int fd, const char *path, const char *name, unsigned depth)
{
    const char *full = *path ? arena_printf(w->arena, "%s/%s", path, name) : arena_strdup(w->arena, name);
    if (!string_is_clean_utf8(name, strlen(name)))
        return diag_fail(w->diag, DIAG_INPUT, w->place, "file name '%s' in '%s' is no UTF-8, or holds control characters", full, w->root);
    struct stat st;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return diag_fail(w->diag, DIAG_OUTSIDE, w->place, "cannot read '%s/%s': %s", w->root, full, strerror(errno));
    if (S_ISREG(st.st_mode)) {
        *vec_add(w->arena, &w->paths) = full;
        return true;
    }
    if (!S_ISDIR(st.st_mode))
        return diag_fail(w->diag, DIAG_INPUT, w->place, "'%s/%s' is %s, not a regular file", w->root, full,
                         S_ISLNK(st.st_mode) ? "a symbolic link" : "a special file");
    if (depth == DEPTH_MAX)
        return diag_fail(w->diag, DIAG_INPUT, w->place, "'%s' is nested deeper than %d directories", w->root, DEPTH_MAX);
    int child = openat(fd, name, OPEN_DIRECTORY | O_NOFOLLOW);
    if (child < 0)
        return diag_fail(w->diag, DIAG_OUTSIDE, w->place, "cannot read '%s/%s': %s", w->root, full, strerror(errno));
    *vec_add(w->arena, &w->directories) = full;
    return walk_directory(w, child, full, depth + 1);
}

static bool walk_directory(struct walk *w, int fd, const char *path, unsigned depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir)
        memory_exhausted();
    bool ok = true;
    struct dirent *entry;
    while (errno = 0, (entry = readdir(dir)))
        if (!is_dot(entry->d_name) && !walk_entry(w, fd, path, entry->d_name, depth))
            ok = false;
    if (errno)
        ok = diag_fail(w->diag, DIAG_OUTSIDE, w->place, "cannot read '%s/%s': %s", w->root, path, strerror(errno));
    closedir(dir);
    return ok;
}

static void sort(const char **paths, size_t count)
{
    if (count)
        qsort(paths, count, sizeof *paths, string_compare);
}

const struct file_list *file_walk(struct arena *a, const char *root, struct span place, struct diag *d)
{
    int fd = open(root, OPEN_DIRECTORY);
    if (fd < 0) {
        bool named = place.source && (errno == ENOENT || errno == ENOTDIR);
        diag_fail(d, named ? DIAG_INPUT : DIAG_OUTSIDE, place, "cannot read directory '%s': %s", root, strerror(errno));
        const char *near = named ? file_nearest(a, root) : NULL;
        if (near && file_is_directory(near))
            diag_help(d, "did you mean '%s'?", near);
        return NULL;
    }
    struct walk w = {.arena = a, .diag = d, .place = place, .root = root};
    *vec_add(a, &w.directories) = ".";
    if (!walk_directory(&w, fd, "", 0))
        return NULL;
    sort(w.paths.items, w.paths.count);
    sort(w.directories.items + 1, w.directories.count - 1);
    struct file_list *list = arena_new(a, struct file_list);
    *list = (struct file_list){
        .paths = w.paths.items,
        .count = w.paths.count,
        .directories = w.directories.items,
        .directory_count = w.directories.count,
    };
    return list;
}

/* False with errno.  Names are collected first: removing while reading may skip entries. */
static bool remove_entry(int parent, const char *name, unsigned depth);

static bool remove_children(int fd, unsigned depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir)
        memory_exhausted();
    struct arena *scratch = arena_create();
    VEC(const char *) names = {};
    struct dirent *entry;
    while (errno = 0, (entry = readdir(dir)))
        if (!is_dot(entry->d_name))
            *vec_add(scratch, &names) = arena_strdup(scratch, entry->d_name);
    int error = errno;
    sort(names.items, names.count);
    for (size_t i = 0; !error && i < names.count; i++)
        if (!remove_entry(fd, names.items[i], depth))
            error = errno;
    arena_destroy(scratch);
    closedir(dir);
    errno = error;
    return !error;
}

static bool remove_entry(int parent, const char *name, unsigned depth)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    int unlink_error = errno;
    int fd = openat(parent, name, OPEN_DIRECTORY | O_NOFOLLOW);
    if (fd < 0) {
        errno = errno == ENOTDIR || errno == ELOOP ? unlink_error : errno;
        return false;
    }
    if (depth == DEPTH_MAX) {
        close(fd);
        errno = ELOOP;
        return false;
    }
    return remove_children(fd, depth + 1) && (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

bool file_remove_tree(const char *path, struct diag *d)
{
    if (remove_entry(AT_FDCWD, path, 0))
        return true;
    return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot remove '%s': %s", path, strerror(errno));
}

const char *file_nearest(struct arena *a, const char *path)
{
    enum { NAMES_MOST = 1000 };
    const char *directory = path_directory(a, path);
    VEC(const char *) names = {};
    DIR *d = opendir(directory);
    if (!d)
        return NULL;
    for (struct dirent *e; names.count < NAMES_MOST && (e = readdir(d));)
        if (e->d_name[0] != '.' && string_is_clean_utf8(e->d_name, strlen(e->d_name)))
            *vec_add(a, &names) = arena_strdup(a, e->d_name);
    closedir(d);
    if (names.count)
        qsort(names.items, names.count, sizeof *names.items, string_compare);
    const char *near = string_nearest(path_base(path), names.items, names.count);
    return !near ? NULL : string_equal(directory, ".") ? near : path_join(a, directory, near);
}
