/*
 * file.c - whole files in, whole files out.
 *
 * Output goes to a file beside its place and is renamed: a full disk, a signal
 * or a crash leaves the old bytes, and SIGKILL alone leaves the file beside it.  There is no fsync: what is lost in a power
 * failure is built again.
 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "memory.h"
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

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
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

/* Does `path` hold exactly these bytes? */
static bool holds(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return false;
    struct stat st;
    bool same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
    static char chunk[1 << 16];
    while (same && size) {
        size_t want = size < sizeof chunk ? size : sizeof chunk;
        same = read_all(fd, chunk, want) == (ssize_t)want && !memcmp(chunk, bytes, want);
        bytes += want;
        size -= want;
    }
    close(fd);
    return same;
}

/* ---- aside ---- */

#define ASIDE_BEFORE ".ukc-"
#define ASIDE_BEHIND ".tmp"

bool file_is_aside(const char *name)
{
    if (!string_starts(name, ASIDE_BEFORE))
        return false;
    const char *number = name + strlen(ASIDE_BEFORE);
    size_t digits = strspn(number, "0123456789");
    return digits && strcmp(number + digits, ASIDE_BEHIND) == 0;
}

/* Of a process that is gone, for a minute: one of another container's processes, which are not known here, is still being written. */
static bool is_left(const char *path, const char *name)
{
    enum { MINUTE = 60 };
    struct stat st;
    long process = strtol(name + strlen(ASIDE_BEFORE), NULL, 10);
    return process > 0 && process <= INT_MAX && kill((pid_t)process, 0) != 0 && errno == ESRCH && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_mtime < time(NULL) - MINUTE;
}

/* What was killed may have been a secret. */
static void remove_left(struct arena *scratch, const char *directory)
{
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *path = file_is_aside(entry->d_name) ? path_join(scratch, directory, entry->d_name) : NULL;
        if (path && is_left(path, entry->d_name))
            unlink(path);
    }
    if (dir)
        closedir(dir);
}

/* The name depends on nothing but the process, so that a crash leaves at most one per directory. */
static int create_aside(const char *name, mode_t mode)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC };
    int fd = open(name, FLAGS, mode);
    if (fd < 0 && errno == EEXIST && unlink(name) == 0)
        fd = open(name, FLAGS, mode);
    return fd;
}

/* `mode` is less what the umask takes, but for a private one. */
static bool replace_held(const char *path, const char *aside, const char *bytes, size_t size, mode_t mode)
{
    int fd = create_aside(aside, mode);
    if (fd < 0)
        return false;
    bool ok = (mode == FILE_SHARED || fchmod(fd, mode) == 0) && write_all(fd, bytes, size);
    int error = errno;
    if (close(fd) < 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && rename(aside, path) < 0) {
        ok = false;
        error = errno;
    }
    if (!ok) {
        unlink(aside);
        errno = error;
    }
    return ok;
}

/* A signal that ends us does so when nothing lies aside. */
static bool replace(const char *path, const char *aside, const char *bytes, size_t size, mode_t mode)
{
    static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    sigset_t held, before;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
        sigaddset(&held, ending[i]);
    pthread_sigmask(SIG_BLOCK, &held, &before);
    bool ok = replace_held(path, aside, bytes, size, mode);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return ok;
}

static bool replace_reporting(struct arena *scratch, const char *path, const void *bytes, size_t size, mode_t mode, struct diag *d)
{
    char *aside = arena_printf(scratch, "%s/" ASIDE_BEFORE "%ld" ASIDE_BEHIND, path_directory(scratch, path), (long)getpid());
    return replace(path, aside, bytes, size, mode) || diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot write '%s': %s", path, strerror(errno));
}

const char *file_output(struct arena *a, const char *path, bool *in_place, struct diag *d)
{
    struct stat st;
    *in_place = stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    const char *real = *in_place ? path : file_followed(a, path);
    if (!real)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot write '%s': %s", path, strerror(ELOOP));
    return real;
}

static bool write_in_place(const char *path, const void *bytes, size_t size, struct diag *d)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    bool ok = fd >= 0 && write_all(fd, bytes, size);
    if (!ok)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot write '%s': %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

bool file_write_output(const char *path, const void *bytes, size_t size, enum file_mode mode, struct diag *d)
{
    bool in_place;
    struct arena *scratch = arena_create();
    const char *real = file_output(scratch, path, &in_place, d);
    if (real && !in_place)
        remove_left(scratch, path_directory(scratch, real));
    bool ok = real && (in_place ? write_in_place(path, bytes, size, d)
                                : file_make_directories(path_directory(scratch, real), d) && replace_reporting(scratch, real, bytes, size, mode, d));
    arena_destroy(scratch);
    return ok;
}

bool file_is_standard_output(const char *path)
{
    struct stat named, out;
    return stat(path, &named) == 0 && fstat(STDOUT_FILENO, &out) == 0 && named.st_dev == out.st_dev && named.st_ino == out.st_ino &&
           (!S_ISCHR(out.st_mode) || isatty(STDOUT_FILENO));
}

bool file_write(const char *path, const void *bytes, size_t size, bool *changed, struct diag *d)
{
    bool same = holds(path, bytes, size);
    if (changed)
        *changed = !same;
    if (same)
        return true;
    struct arena *scratch = arena_create();
    const char *directory = path_directory(scratch, path);
    bool ok = file_make_directories(directory, d);
    if (ok) {
        ok = replace_reporting(scratch, path, bytes, size, FILE_SHARED, d);
    }
    if (!ok && changed)
        *changed = false;
    arena_destroy(scratch);
    return ok;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
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
