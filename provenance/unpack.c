/*
 * unpack.c - the declared files out of a Debian package, and nothing else.
 *
 * dpkg-deb turns the package into a tar stream; tar.c reads it without
 * touching the disk; only files that were declared are created, under paths
 * that were checked when they were declared.  So links, devices and hostile
 * names in the archive have nowhere to act: a declared path that is a link is
 * refused, and an archive with devices or paths that leave it is refused whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "import.h"
#include "tar.h"

#define PACKAGE_LIMIT ((uint64_t)4 << 30) /* bytes, unpacked */

struct unpacking {
    struct arena *arena;
    const struct wanted *wanted;
    const char *version, *root;
    struct findings *findings;
    struct diag *diag;
    struct tar tar;
};

static void wrong(struct unpacking *u, struct span place, const char *path, const char *why)
{
    finding_add(u->arena, u->findings, DIAG_INTEGRITY, place, "'%s' of %s %s %s", path, u->wanted->import->name.text, u->version, why);
}

/* Streams one file to disk, and its bytes into the hash. */
static bool copy_file(struct unpacking *u, int fd, const char *path, struct hash *out)
{
    char chunk[65536];
    ssize_t n;
    struct hasher *h = hasher_create();
    bool ok = true;
    while (ok && (n = tar_read(&u->tar, chunk, sizeof chunk)) > 0) {
        hasher_add(h, chunk, (size_t)n);
        for (ssize_t done = 0, w; ok && done < n; done += w > 0 ? w : 0)
            if ((w = write(fd, chunk + done, (size_t)(n - done))) < 0 && errno != EINTR)
                ok = diag_fail(u->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno));
    }
    *out = hasher_finish(h);
    if (ok && (fchmod(fd, 0444) != 0 || fsync(fd) != 0))
        ok = diag_fail(u->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno));
    return ok && !u->tar.error;
}

/* A wrong file is noted and does not end the reading: every wrong one is named. */
static void take_file(struct unpacking *u, struct wanted_file *file)
{
    const char *fault = file->seen                      ? "is in the package twice"
                        : u->tar.type == TAR_DIRECTORY  ? "is a directory"
                        : u->tar.type != TAR_FILE       ? "is a link: the file it points to must be declared instead"
                        : u->tar.size > IMPORT_FILE_LIMIT ? "is larger than 256 MiB"
                                                        : NULL;
    file->seen = true;
    if (fault) {
        wrong(u, file->path_span, file->path, fault);
        return;
    }
    const char *path = path_join(u->arena, u->root, file->path);
    if (!file_make_directories(path_directory(u->arena, path), u->diag))
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        diag_fail(u->diag, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno));
        return;
    }
    struct hash actual;
    if (copy_file(u, fd, path, &actual) && !hash_equal(&actual, &file->sha256)) {
        char hex[HASH_HEX];
        hash_hex(&actual, hex);
        wrong(u, file->sha256_span, file->path, arena_printf(u->arena, "has SHA-256 %s", hex));
    }
    close(fd);
}

/* The whole stream, to its end.  False when something was found or reported. */
static bool take_all(struct unpacking *u)
{
    size_t found = u->findings->count, errors = diag_errors(u->diag);
    int r;
    while ((r = tar_next(&u->tar)) > 0 && diag_errors(u->diag) == errors) {
        if (u->tar.type == TAR_DEVICE) {
            u->tar.error = "it has a device node";
            r = -1;
            break;
        }
        struct wanted_file *file = wanted_find(u->wanted, u->tar.path);
        if (file)
            take_file(u, file);
    }
    if (u->tar.error)
        finding_add(u->arena, u->findings, DIAG_INTEGRITY, u->wanted->import->name.span, "the package %s %s is refused: %s",
                    u->wanted->import->name.text, u->version, u->tar.error);
    return u->findings->count == found && diag_errors(u->diag) == errors;
}

static void name_missing(struct unpacking *u)
{
    for (size_t i = 0; i < u->wanted->count; i++)
        if (!u->wanted->files[i].seen)
            finding_add(u->arena, u->findings, DIAG_INPUT, u->wanted->files[i].path_span, "the package %s %s has no file '%s'",
                        u->wanted->import->name.text, u->version, u->wanted->files[i].path);
}

bool unpack_package(struct arena *a, const struct wanted *w, const char *package_file, const char *version, const char *root,
                    struct findings *findings, struct diag *d)
{
    struct unpacking u = {.arena = a, .wanted = w, .version = version, .root = root, .findings = findings, .diag = d};
    for (size_t i = 0; i < w->count; i++)
        w->files[i].seen = false;
    size_t before = findings->count, errors = diag_errors(d);
    const char *argv[] = {"dpkg-deb", "--fsys-tarfile", package_file, NULL};
    struct stream stream;
    if (!stream_start(a, &stream, argv, root))
        return diag_fail(d, DIAG_OUTSIDE, w->import->name.span, "dpkg-deb cannot be started: %s", strerror(errno));
    u.tar = (struct tar){.fd = stream.fd, .limit = PACKAGE_LIMIT};
    bool ok = take_all(&u);
    const char *failure = stream_finish(a, &stream, ok || tar_is_truncated(&u.tar));
    if (failure) {
        findings->count = before; /* the cause, instead of its consequences */
        finding_add(a, findings, DIAG_INTEGRITY, w->import->name.span, "the package %s %s cannot be unpacked: %s", w->import->name.text, version, failure);
    }
    if (!u.tar.error && diag_errors(d) == errors)
        name_missing(&u);
    return ok && findings->count == before;
}
