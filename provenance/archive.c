/*
 * archive.c - downloads the upstream archive of a Debian source package.
 *
 * It is asked for below the roots of the archives that apt is set up with,
 * where the manifest says that it lies; so no deb-src line is needed.  Failing
 * that, apt-get downloads the source package, which does need one.  Nothing
 * reads what came before it has its SHA-256.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "../ukc/base/process.h"
#include "import.h"

#define ARCHIVE_LIMIT ((int64_t)1 << 30) /* bytes */

static bool apt_is_here(struct arena *a, struct attempt *t)
{
    bool present = process_there("apt-get");
    if (!present)
        finding_add(a, &t->findings, DIAG_OUTSIDE, t->wanted->import->name.span, "'apt-get' (of the package 'apt') is not on this machine");
    return present;
}

static const char *from_pool(struct arena *a, struct attempt *t, struct diag *d)
{
    const struct import *i = t->wanted->import;
    size_t errors = diag_errors(d);
    for (size_t k = 0; k < i->archive_count && diag_errors(d) == errors; k++) {
        const char *directory = arena_printf(a, "%s/pool-%zu", t->work, k), *file = path_join(a, directory, "archive");
        const struct import_file wanted = {.path = i->archive[k], .sha256 = i->sha256};
        if (file_make_directories(directory, d) && pool_download(a, &wanted, file, &t->findings, d))
            return file;
    }
    return NULL;
}

/* Among what apt-get left: the upstream archive that has the SHA-256.  Of those that have not, *others tells what they have. */
static const char *find_archive(struct arena *a, const struct import *i, const char *directory, const char **others, struct diag *d)
{
    struct hash wanted, actual;
    VEC(const char *) told = {};
    const char *found = NULL;
    char hex[HASH_HEX];
    DIR *dir = opendir(directory);
    bool ok = hash_parse(i->sha256.text, &wanted);
    for (struct dirent *e; ok && dir && !found && (e = readdir(dir));) {
        struct stat st;
        const char *path = path_join(a, directory, e->d_name);
        if (!strstr(e->d_name, ".tar.") || string_ends(e->d_name, ".asc") || strstr(e->d_name, ".debian.tar."))
            continue;
        if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > ARCHIVE_LIMIT)
            continue;
        ok = hash_file(path, &actual, NULL, d);
        if (ok && hash_equal(&actual, &wanted))
            found = path;
        else if (ok)
            *vec_add(a, &told) = arena_printf(a, "%s has %s", e->d_name, (hash_hex(&actual, hex), hex));
    }
    if (dir)
        closedir(dir);
    size_t count = string_sort_unique(told.items, told.count);
    *others = count ? told.items[0] : NULL;
    for (size_t k = 1; k < count; k++)
        *others = arena_printf(a, "%s, %s", *others, told.items[k]);
    return found;
}

static const char *from_source_package(struct arena *a, struct attempt *t, size_t number, struct diag *d)
{
    const struct import *i = t->wanted->import;
    const char *version = i->versions[number].text, *directory = arena_printf(a, "%s/source-%zu", t->work, number);
    if (!file_make_directories(directory, d))
        return NULL;
    struct text out = {};
    const char *argv[] = {"apt-get", "--quiet", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30", "-o", "Acquire::https::Timeout=30",
                          "source", "--download-only", "--only-source", arena_printf(a, "%s=%s", i->name.text, version), NULL};
    int rc = process_run(&(struct process){.argv = argv, .directory = directory, .out = &out, .err = &out, .environment = c_locale(a)}, d);
    const char *others = NULL;
    const char *file = rc == 0 ? find_archive(a, i, directory, &others, d) : NULL;
    if (rc > 0)
        finding_add(a, &t->findings, DIAG_OUTSIDE, i->versions[number].span, "source package, version %s: %s", version, apt_reason(a, &out));
    else if (rc == 0 && !file && others)
        finding_add(a, &t->findings, DIAG_INTEGRITY, i->sha256.span, "no archive of the source package %s %s has this SHA-256: %s", i->name.text,
                    version, others);
    else if (rc == 0 && !file)
        finding_add(a, &t->findings, DIAG_OUTSIDE, i->versions[number].span, "source package, version %s: apt-get left no archive (or one larger than 1 GiB)",
                    version);
    text_dispose(&out);
    return file;
}

static bool unpack(struct arena *a, struct attempt *t, const char *file, const char **root, struct diag *d)
{
    *root = path_join(a, t->work, "tree");
    return file_make_directories(*root, d) && extract_archive(a, t->wanted, file, *root, &t->findings, d);
}

bool archive_fetch(struct arena *a, struct attempt *t, const char **root, struct diag *d)
{
    size_t errors = diag_errors(d);
    if (!apt_is_here(a, t))
        return false;
    const char *file = from_pool(a, t, d);
    for (size_t k = 0; !file && k < t->wanted->import->version_count && diag_errors(d) == errors; k++)
        file = from_source_package(a, t, k, d);
    return file && unpack(a, t, file, root, d);
}
