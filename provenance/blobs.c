/*
 * blobs.c - see blobs.h.
 */
#include "blobs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/arena.h"
#include "../ukc/base/file.h"

const char *blob_path(struct arena *a, const char *store, const struct hash *h)
{
    char hex[HASH_HEX];
    hash_hex(h, hex);
    return arena_printf(a, "%s/blobs/%.2s/%s", store, hex, hex + 2);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct blob_listed *)a)->path, ((const struct blob_listed *)b)->path);
}

const struct blob_listed *blobs_list(struct arena *a, const char *store, size_t *count)
{
    VEC(struct blob_listed) list = {};
    for (unsigned k = 0; k < 256; k++) {
        const char *directory = arena_printf(a, "%s/blobs/%02x", store, k);
        DIR *dir = opendir(directory);
        for (struct dirent *e; dir && (e = readdir(dir));)
            if (e->d_name[0] != '.')
                *vec_add(a, &list) = (struct blob_listed){arena_printf(a, "%02x%s", k, e->d_name), path_join(a, directory, e->d_name)};
        if (dir)
            closedir(dir);
    }
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, by_path);
    *count = list.count;
    return list.items;
}

/* `size` bytes, or as many as there are; `to` may be -1.  *equal: do they have this hash? */
static bool copy_bytes(int from, int to, uint64_t size, const struct hash *expected, bool *equal)
{
    static char chunk[1 << 16];
    struct hasher *h = hasher_create();
    ssize_t n;
    bool good = true;
    while (good && (n = read(from, chunk, size < sizeof chunk ? (size_t)size : sizeof chunk)) != 0) {
        if (n < 0) {
            good = errno == EINTR;
            continue;
        }
        size -= (uint64_t)n;
        hasher_add(h, chunk, (size_t)n);
        for (ssize_t done = 0; good && to >= 0 && done < n;) {
            ssize_t written = write(to, chunk + done, (size_t)(n - done));
            good = written > 0 || (written < 0 && errno == EINTR);
            done += written > 0 ? written : 0;
        }
    }
    struct hash actual = hasher_finish(h);
    *equal = hash_equal(&actual, expected);
    return good;
}

/* Of what is read from `in`.  `to` is made anew, synced; nothing is left of it when that fails. */
static bool copy_opened(int in, uint64_t size, const char *from, const char *to, const struct hash *expected, mode_t mode, struct diag *d)
{
    bool equal = false, good = false;
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (out >= 0)
        good = copy_bytes(in, out, size, expected, &equal) && fsync(out) == 0;
    if (!good)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be copied to '%s': %s", from, to, strerror(errno));
    else if (!equal)
        good = diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' does not have the SHA-256 that it should have", from);
    if (out >= 0) {
        close(out);
        if (!good)
            unlink(to);
    }
    return good;
}

/* -1: errno; ELOOP: it is no file. */
static int open_blob(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        return fd;
    close(fd);
    errno = ELOOP;
    return -1;
}

enum blob_state blob_look(const char *store, const struct hash *h)
{
    struct arena *a = arena_create();
    bool equal = false;
    int fd = open_blob(blob_path(a, store, h));
    arena_destroy(a);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? BLOB_ABSENT : errno == ELOOP ? BLOB_WRONG : BLOB_UNREADABLE;
    bool read = blob_check(fd, UINT64_MAX, h, &equal);
    int error = errno;
    close(fd);
    errno = error;
    return !read ? BLOB_UNREADABLE : equal ? BLOB_RIGHT : BLOB_WRONG;
}

bool blob_is_there(const char *store, const struct hash *h, uint64_t size)
{
    struct arena *a = arena_create();
    struct stat st;
    bool there = lstat(blob_path(a, store, h), &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
    arena_destroy(a);
    return there;
}

bool blob_check(int fd, uint64_t size, const struct hash *h, bool *equal)
{
    return copy_bytes(fd, -1, size, h, equal);
}

bool blob_take(const char *store, int fd, const char *file, const struct hash *h, uint64_t size, struct diag *d)
{
    struct arena *a = arena_create();
    const char *path = blob_path(a, store, h), *aside = arena_printf(a, "%s.%ld.new", path, (long)getpid());
    unlink(aside); /* of a dead process that had our number */
    bool good = file_make_directories(path_directory(a, path), d) && copy_opened(fd, size, file, aside, h, 0444, d);
    if (good && rename(aside, path) != 0) {
        bool taken = errno == EISDIR || errno == ENOTDIR || errno == ENOTEMPTY || errno == EEXIST;
        good = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno));
        if (taken)
            diag_help(d, "something else is there: move it away");
        unlink(aside);
    }
    arena_destroy(a);
    return good;
}

bool blob_keep(const char *store, const char *file, const struct hash *h, struct diag *d)
{
    if (blob_look(store, h) == BLOB_RIGHT)
        return true;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", file, strerror(errno));
    bool good = blob_take(store, fd, file, h, UINT64_MAX, d);
    close(fd);
    return good;
}

bool blob_copy(const char *store, const struct hash *h, const char *to, struct diag *d)
{
    struct arena *a = arena_create();
    const char *from = blob_path(a, store, h);
    int in = open_blob(from);
    bool good = in >= 0 && copy_opened(in, UINT64_MAX, from, to, h, 0644, d);
    if (in < 0 && errno == ENOENT)
        diag_fail(d, DIAG_MISSING, SPAN_NONE, "'%s' is not there", from);
    else if (in < 0)
        diag_fail(d, errno == ELOOP ? DIAG_INTEGRITY : DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be read: %s", from, errno == ELOOP ? "it is no file" : strerror(errno));
    else
        close(in);
    arena_destroy(a);
    return good || diag_help(d, BLOB_REMEDY);
}
