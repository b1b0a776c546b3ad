/*
 * file_write.c - whole files out, and nothing half-written (see file.h).
 *
 * Output goes to a file beside its place and is renamed: a full disk, a signal
 * or a crash leaves the old bytes, and SIGKILL alone leaves the file beside it.  There is no fsync: what is lost in a power
 * failure is built again.
 */
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
#include "file.h"
#include "text.h"

/* ---- what lies aside ---- */

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

static char *aside_of(struct arena *a, const char *path)
{
    return arena_printf(a, "%s/" ASIDE_BEFORE "%ld" ASIDE_BEHIND, path_directory(a, path), (long)getpid());
}

const char *file_aside(struct arena *a, const char *path)
{
    remove_left(a, path_directory(a, path));
    return aside_of(a, path);
}

/* ---- writing ---- */

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
    bool ok = ((mode & 077) || fchmod(fd, mode) == 0) && write_all(fd, bytes, size);
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
    return replace(path, aside_of(scratch, path), bytes, size, mode) || diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "cannot write '%s': %s", path, strerror(errno));
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
        same = read(fd, chunk, want) == (ssize_t)want && !memcmp(chunk, bytes, want);
        bytes += want;
        size -= want;
    }
    close(fd);
    return same;
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
