/*
 * kv_file.c - a folder of the host, a file for each key.
 *
 * A value is written to a file aside, brought to the disk, and renamed over
 * the old one; then the folder is brought to the disk.  So the old value or
 * the new one is there after any failure, and the new one once set has
 * returned.  The folder is locked: one process at a time.
 *
 * Calls wait for the disk, and the whole image waits with them: this is for
 * small state, not for a database.
 */
#include "kv_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "keys.h"
#include "name.h"

/* Not the name of any key. */
static const char aside[] = "+new";

static int folder = -1;

static int failure(void)
{
    return errno == EDQUOT ? -ENOSPC : -errno;
}

int kv_file_start(void)
{
    if (mkdir(KEY_PATH, 0700) < 0 && errno != EEXIST)
        return failure();
    folder = open(KEY_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return failure();
    if (flock(folder, LOCK_EX | LOCK_NB) < 0) {
        int error = errno == EWOULDBLOCK ? -EBUSY : failure();
        kv_file_stop();
        return error;
    }
    unlinkat(folder, aside, 0); /* of a set that did not finish; if it cannot go, set will say so */
    return 0;
}

void kv_file_stop(void)
{
    if (folder >= 0)
        close(folder);
    folder = -1;
}

void kv_file_limits(struct kv_rw_limits *limits)
{
    *limits = (struct kv_rw_limits){.key_most = KEY_ALWAYS_FITS, .value_most = KEY_VALUE_BYTES};
}

static int64_t read_file(int file, char *buffer, size_t size)
{
    struct stat status;
    if (fstat(file, &status) < 0)
        return failure();
    if (!S_ISREG(status.st_mode))
        return -EIO;
    size_t want = (uint64_t)status.st_size < size ? (size_t)status.st_size : size;
    for (size_t done = 0; done < want;) {
        ssize_t got = pread(file, buffer + done, want - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? failure() : -EIO;
        done += (size_t)got;
    }
    return status.st_size;
}

int64_t kv_file_get(struct view key, void *buffer, size_t size)
{
    char name[NAME_MOST + 1];
    int error = name_of_key(key, name);
    if (error < 0)
        return error;
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return errno == ELOOP ? -EIO : failure();
    int64_t result = read_file(file, buffer, size);
    close(file);
    return result;
}

static int write_all(int file, struct view bytes)
{
    while (bytes.size > 0) {
        ssize_t done = write(file, bytes.bytes, bytes.size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return failure();
        bytes = (struct view){bytes.bytes + done, bytes.size - (size_t)done};
    }
    return fsync(file) < 0 ? failure() : 0;
}

static int sync_folder(void)
{
    /* some file systems cannot sync a folder and say so; they have nothing to sync */
    return fsync(folder) < 0 && errno != EINVAL ? failure() : 0;
}

int kv_file_set(struct view key, struct view value)
{
    char name[NAME_MOST + 1];
    int error = name_of_key(key, name);
    if (error < 0)
        return error;
    if (value.size > KEY_VALUE_BYTES)
        return -EFBIG;
    int file = openat(folder, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return failure();
    error = write_all(file, value);
    if (close(file) < 0 && error == 0)
        error = failure();
    if (error == 0 && renameat(folder, aside, folder, name) < 0)
        error = failure();
    if (error == 0)
        return sync_folder();
    unlinkat(folder, aside, 0);
    return error;
}

int kv_file_remove(struct view key)
{
    char name[NAME_MOST + 1];
    int error = name_of_key(key, name);
    if (error < 0)
        return error;
    return unlinkat(folder, name, 0) < 0 ? failure() : sync_folder();
}

/* Names sort differently from keys, so all are looked at. */
static int first_after(DIR *stream, struct view after, char *best, size_t *best_size)
{
    *best_size = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL)
            return errno ? failure() : *best_size ? 0 : -ENOENT;
        char key[NAME_MOST];
        long size = key_of_name(entry->d_name, key);
        if (size < 0)
            continue;
        struct view candidate = {key, (size_t)size};
        if (after.size > 0 && kv_key_compare(candidate, after) <= 0)
            continue;
        if (*best_size && kv_key_compare(candidate, (struct view){best, *best_size}) >= 0)
            continue;
        memcpy(best, key, candidate.size);
        *best_size = candidate.size;
    }
}

int kv_file_next(struct view after, struct view *key)
{
    static char last[NAME_MOST]; /* `after` may lie in it */
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (stream == NULL) {
        int error = failure();
        if (copy >= 0)
            close(copy);
        return error;
    }
    char best[NAME_MOST];
    size_t size;
    int error = first_after(stream, after, best, &size);
    closedir(stream);
    if (error < 0)
        return error;
    memcpy(last, best, size);
    *key = (struct view){last, size};
    return 0;
}
