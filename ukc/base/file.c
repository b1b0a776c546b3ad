/* file.c - whole files in, and what is asked about files (see file.h). */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "text.h"

#define READ_LIMIT ((size_t)64 << 20)

/* A missing file is the fault of who named it. */
static enum diag_class class_of(int error, struct span place)
{
    return place.source && (error == ENOENT || error == ENOTDIR) ? DIAG_INPUT : DIAG_OUTSIDE;
}

/* Reads up to `room` bytes; -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t room)
{
    size_t got = 0;
    while (got < room) {
        ssize_t n = read(fd, bytes + got, room - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static const struct source *read_open(struct arena *a, int fd, const char *path, struct span place, size_t limit,
                                      struct diag *d)
{
    struct stat st;
    enum diag_class named = place.source ? DIAG_INPUT : DIAG_OUTSIDE;
    const char *why = "not a regular file";
    if (fstat(fd, &st) < 0)
        why = strerror(errno);
    else if (S_ISDIR(st.st_mode))
        why = "it is a directory";
    else if (S_ISREG(st.st_mode))
        why = NULL;
    if (why) {
        diag_fail(d, named, place, "cannot read '%s': %s", path, why);
        return NULL;
    }
    /* one byte more than stat says: a file that grows meanwhile is noticed and refused, not cut */
    size_t size = (uint64_t)st.st_size > limit ? limit : (size_t)st.st_size;
    char *bytes = arena_alloc(a, size + 1, 1);
    ssize_t got = (uint64_t)st.st_size > limit ? 0 : read_all(fd, bytes, size + 1);
    if (got < 0) {
        diag_fail(d, DIAG_OUTSIDE, place, "cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    if ((uint64_t)st.st_size > limit) {
        diag_fail(d, named, place, "'%s' is larger than %zu bytes", path, limit);
        return NULL;
    }
    if ((size_t)got > size) {
        diag_fail(d, DIAG_OUTSIDE, place, "'%s' changed while it was read", path);
        return NULL;
    }
    bytes[got] = '\0';
    struct source *s = arena_new(a, struct source);
    *s = (struct source){.path = arena_strdup(a, path), .bytes = bytes, .size = (size_t)got};
    return s;
}

const struct source *file_read(struct arena *a, const char *path, struct span place, size_t limit, struct diag *d)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not block */
    if (fd < 0) {
        diag_fail(d, class_of(errno, place), place, "cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    const struct source *s = read_open(a, fd, path, place, limit ? limit : READ_LIMIT, d);
    close(fd);
    return s;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool file_is_same(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool file_is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_is_regular(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

const char *file_leads_out(struct arena *a, const char *directory, const char *path)
{
    char *inside = realpath(directory, NULL), *real = realpath(path, NULL);
    while (!real && strchr(path, '/') && strcmp(path, "/"))
        real = realpath(path = path_directory(a, path), NULL);
    const char *out = NULL;
    if (inside && real) {
        size_t n = strcmp(inside, "/") ? strlen(inside) : 0;
        if (strncmp(real, inside, n) || (real[n] && real[n] != '/'))
            out = arena_strdup(a, real);
    }
    free(inside);
    free(real);
    return out;
}

const char *file_followed(struct arena *a, const char *path)
{
    for (int links = 0; links < 40; links++) { /* as many as Linux follows */
        char to[PATH_MAX];
        ssize_t n = readlink(path, to, sizeof to - 1);
        if (n < 0)
            return path;
        to[n] = '\0';
        path = *to == '/' ? arena_strdup(a, to) : path_join(a, path_directory(a, path), to);
    }
    return NULL;
}

bool file_stat(const char *path, struct file_stat *out)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return false;
    *out = (struct file_stat){
        .size = (uint64_t)st.st_size,
        .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
        .device = st.st_dev,
        .inode = st.st_ino,
    };
    return true;
}

bool file_make_directories(const char *path, struct diag *d)
{
    if (file_is_directory(path))
        return true;
    struct text part = {};
    text_puts(&part, path);
    bool ok = part.size > 0;
    for (size_t i = 1; ok && i <= part.size; i++) {
        if (part.bytes[i] != '/' && part.bytes[i] != '\0')
            continue;
        char saved = part.bytes[i];
        part.bytes[i] = '\0';
        /* another process may make it first; what exists may be a file */
        int error = mkdir(part.bytes, 0755) == 0 ? 0 : errno;
        ok = error == 0 || file_is_directory(part.bytes);
        if (!ok && error == EEXIST) {
            diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot make directory '%s': something else is there", part.bytes);
            diag_help(d, "move it away");
        } else if (!ok) {
            diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot make directory '%s': %s", part.bytes, strerror(error));
        }
        part.bytes[i] = saved;
    }
    if (!part.size)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot make directory '': empty name");
    text_dispose(&part);
    return ok;
}
