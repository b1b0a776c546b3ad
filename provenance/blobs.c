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

/* What is copied has this hash, or the copy fails. */
static bool copy_bytes(int from, int to, const struct hash *expected, bool *equal)
{
    static char chunk[1 << 16];
    struct hasher *h = hasher_create();
    ssize_t n;
    bool good = true;
    while (good && (n = read(from, chunk, sizeof chunk)) != 0) {
        if (n < 0) {
            good = errno == EINTR;
            continue;
        }
        hasher_add(h, chunk, (size_t)n);
        for (ssize_t done = 0; good && done < n;) {
            ssize_t written = write(to, chunk + done, (size_t)(n - done));
            good = written > 0 || (written < 0 && errno == EINTR);
            done += written > 0 ? written : 0;
        }
    }
    struct hash actual = hasher_finish(h);
    *equal = hash_equal(&actual, expected);
    return good;
}

/* `to` is made anew, synced; nothing is left of it when that fails. */
static bool copy_file(const char *from, const char *to, const struct hash *expected, mode_t mode, struct diag *d)
{
    bool equal = false, good = false;
    int in = open(from, O_RDONLY | O_CLOEXEC), out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (out >= 0)
        good = copy_bytes(in, out, expected, &equal) && fsync(out) == 0;
    if (in < 0 && errno == ENOENT)
        diag_fail(d, DIAG_MISSING, SPAN_NONE, "'%s' is not there", from);
    else if (!good)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be copied to '%s': %s", from, to, strerror(errno));
    else if (!equal)
        good = diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' does not have the SHA-256 that it should have", from);
    if (in >= 0)
        close(in);
    if (out >= 0) {
        close(out);
        if (!good)
            unlink(to);
    }
    return good;
}

bool blob_keep(const char *store, const char *file, const struct hash *h, uint64_t size, struct diag *d)
{
    struct arena *a = arena_create();
    const char *path = blob_path(a, store, h), *aside = arena_printf(a, "%s.%ld.new", path, (long)getpid());
    struct file_stat now;
    bool good = true;
    if (!file_stat(path, &now) || now.size != size) {
        unlink(aside); /* of a dead process that had our number */
        good = file_make_directories(path_directory(a, path), d) && copy_file(file, aside, h, 0444, d);
        if (good && rename(aside, path) != 0)
            good = diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be named '%s': %s", aside, path, strerror(errno));
    }
    arena_destroy(a);
    return good;
}

bool blob_copy(const char *store, const struct hash *h, const char *to, struct diag *d)
{
    struct arena *a = arena_create();
    bool good = copy_file(blob_path(a, store, h), to, h, 0644, d);
    arena_destroy(a);
    return good;
}
