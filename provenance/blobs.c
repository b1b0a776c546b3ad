/*
 * blobs.c - see blobs.h.
 */
#include "blobs.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

static bool copy_file(const char *from, const char *to, const struct hash *expected, mode_t mode, struct diag *d)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return diag_fail(d, errno == ENOENT ? DIAG_MISSING : DIAG_OUTSIDE, SPAN_NONE, "'%s' %s", from,
                         errno == ENOENT ? "is not there" : strerror(errno));
    bool good = copy_opened(in, UINT64_MAX, from, to, expected, mode, d);
    close(in);
    return good;
}

bool blob_is_there(const char *store, const struct hash *h, uint64_t size)
{
    struct arena *a = arena_create();
    struct file_stat now;
    bool there = file_stat(blob_path(a, store, h), &now) && now.size == size;
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
    if (good && rename(aside, path) != 0)
        good = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be named '%s': %s", aside, path, strerror(errno));
    arena_destroy(a);
    return good;
}

bool blob_keep(const char *store, const char *file, const struct hash *h, uint64_t size, struct diag *d)
{
    if (blob_is_there(store, h, size))
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
    bool good = copy_file(blob_path(a, store, h), to, h, 0644, d);
    arena_destroy(a);
    return good;
}
