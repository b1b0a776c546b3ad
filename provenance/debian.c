/*
 * debian.c - downloads a Debian package with apt-get, as the user's system is set up.
 *
 * Which servers are asked, and whether they are trusted, is the system's
 * business (apt verifies its archives' signatures); here only the SHA-256 of
 * each file counts.  `apt-get update` is the user's: an index that is too old
 * gives a diagnostic that says so.  When no accepted version is offered, the
 * system's candidate is tried: equal files are equal, whatever the version says.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "../ukc/base/process.h"
#include "import.h"

#define DOWNLOAD_LIMIT ((uint64_t)1 << 30) /* bytes of a .deb */

extern char **environ;

struct fetching {
    struct arena *arena;
    const struct wanted *wanted;
    const char *work, *package, *preferred;
    unsigned tries; /* each in directories of its own */
    struct findings *findings;
    struct diag *diag;
    VEC(const char *) offered; /* versions in the system's index, newest first */
};

const char *const *c_locale(struct arena *a)
{
    VEC(const char *) list = {};
    for (char **e = environ; *e; e++)
        if (strncmp(*e, "LC_", 3) != 0 && strncmp(*e, "LANG", 4) != 0)
            *vec_add(a, &list) = *e;
    *vec_add(a, &list) = "LC_ALL=C.UTF-8";
    *vec_add(a, &list) = NULL;
    return list.items;
}

static bool need(const struct fetching *f, const char *program, const char *package, bool alone)
{
    if (process_there(program))
        return true;
    if (!alone) { /* the other alternatives may need no such program */
        finding_add(f->arena, f->findings, DIAG_OUTSIDE, f->wanted->import->name.span, "'%s' (of the package '%s') is not on this machine", program, package);
        return false;
    }
    diag_fail(f->diag, DIAG_OUTSIDE, f->wanted->import->name.span, "the Debian package '%s' cannot be fetched: '%s' is not on this machine",
              f->package, program);
    diag_help(f->diag, "imports of Debian packages need the program '%s' (of the package '%s'), or a store that has the files already", program,
              package);
    return false;
}

/* "name | version | archive" lines, one per archive. */
static void list_offered(struct fetching *f)
{
    struct text out = {}, err = {};
    const char *argv[] = {"apt-cache", "madison", f->package, NULL};
    if (process_there(argv[0]) && process_run(&(struct process){.argv = argv, .out = &out, .err = &err, .environment = c_locale(f->arena)}, f->diag) == 0) {
        char *text = text_keep(&out, f->arena), *save = NULL;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
            char *inner = NULL;
            char *name = strtok_r(line, " |", &inner), *version = strtok_r(NULL, " |", &inner);
            bool known = false;
            for (size_t i = 0; version && i < f->offered.count; i++)
                known = known || strcmp(f->offered.items[i], version) == 0;
            if (name && version && !known && strcmp(name, f->package) == 0 && version_is_clean(version))
                *vec_add(f->arena, &f->offered) = version;
        }
    }
    text_dispose(&out);
    text_dispose(&err);
}

/* The single regular file *.deb of a directory that only apt-get wrote to. */
static const char *find_package(struct fetching *f, const char *directory)
{
    const char *found = NULL;
    DIR *dir = opendir(directory);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct stat st;
        if (!string_ends(e->d_name, ".deb"))
            continue;
        const char *path = path_join(f->arena, directory, e->d_name);
        if (found || lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > DOWNLOAD_LIMIT) {
            found = NULL;
            break;
        }
        found = path;
    }
    if (dir)
        closedir(dir);
    return found;
}

/* What the package says it is.  NULL when it is not `wanted` (NULL: any version). */
static const char *package_version(struct fetching *f, const char *file, const char *wanted)
{
    struct text out = {}, err = {};
    const char *argv[] = {"dpkg-deb", "--show", "--showformat=${Package} ${Version}", file, NULL};
    int rc = process_run(&(struct process){.argv = argv, .out = &out, .err = &err, .environment = c_locale(f->arena)}, f->diag);
    char *name = text_keep(&out, f->arena), *version = strchr(name, ' ');
    if (version)
        *version++ = '\0';
    bool ok = rc == 0 && version && version_is_clean(version) && strcmp(name, f->package) == 0 && (!wanted || strcmp(version, wanted) == 0);
    if (rc > 0)
        finding_add(f->arena, f->findings, DIAG_INTEGRITY, f->wanted->import->name.span, "the package %s %s cannot be unpacked: %s", f->package,
                    wanted ? wanted : "of this system", one_line(f->arena, &err));
    else if (!ok)
        finding_add(f->arena, f->findings, DIAG_INTEGRITY, f->wanted->import->name.span, "the download of %s %s is another package", f->package,
                    wanted ? wanted : "");
    text_dispose(&out);
    text_dispose(&err);
    return ok ? version : NULL;
}

const char *apt_reason(struct arena *a, const struct text *output)
{
    struct text lines = {};
    char *text = text_keep(output, a), *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (string_starts(line, "E: "))
            text_printf(&lines, "%s%s", lines.size ? "; " : "", line + 3);
    const char *result = lines.size ? one_line(a, &lines) : output->size ? one_line(a, output) : "apt-get gives no reason";
    text_dispose(&lines);
    return result;
}

/* Downloads into a fresh directory; version NULL: the system's candidate.  The package's file, or NULL. */
static const char *download(struct fetching *f, const char *version)
{
    struct arena *a = f->arena;
    const char *directory = arena_printf(a, "%s/download-%u", f->work, f->tries);
    if (!file_make_directories(directory, f->diag))
        return NULL;
    struct text out = {};
    const char *argv[] = {"apt-get", "--quiet", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30", "-o", "Acquire::https::Timeout=30",
                          "download", version ? arena_printf(a, "%s=%s", f->package, version) : f->package, NULL};
    int rc = process_run(&(struct process){.argv = argv, .directory = directory, .out = &out, .err = &out, .environment = c_locale(a)}, f->diag);
    const char *file = rc == 0 ? find_package(f, directory) : NULL;
    if (rc > 0)
        finding_add(a, f->findings, DIAG_OUTSIDE, f->wanted->import->name.span, "version %s: %s", version ? version : "(candidate)",
                    apt_reason(a, &out));
    else if (rc == 0 && !file)
        finding_add(a, f->findings, DIAG_OUTSIDE, f->wanted->import->name.span, "version %s: apt-get left no package (or one larger than 1 GiB)",
                    version ? version : "(candidate)");
    text_dispose(&out);
    return file;
}

/* A downloaded package, verified and unpacked. */
static const char *take_package(struct fetching *f, const char *file, const char *version, const char **root)
{
    const char *actual = file ? package_version(f, file, version) : NULL;
    if (!actual)
        return NULL;
    *root = arena_printf(f->arena, "%s/tree-%u", f->work, f->tries);
    if (!file_make_directories(*root, f->diag) || !unpack_package(f->arena, f->wanted, file, actual, *root, f->findings, f->diag))
        return NULL;
    return actual;
}

static const char *try_version(struct fetching *f, const char *version, const char **root)
{
    f->tries++;
    return take_package(f, download(f, version), version, root);
}

static bool is_offered(const struct fetching *f, const char *version)
{
    for (size_t i = 0; i < f->offered.count; i++)
        if (strcmp(f->offered.items[i], version) == 0)
            return true;
    return f->offered.count == 0; /* no index: apt-get says why */
}

static const char *try_accepted(struct fetching *f, const char **root)
{
    const struct import *import = f->wanted->import;
    const char *preferred = f->preferred;
    size_t errors = diag_errors(f->diag);
    const char *found = NULL;
    if (preferred && is_offered(f, preferred))
        found = try_version(f, preferred, root);
    for (size_t i = 0; !found && i < import->version_count && diag_errors(f->diag) == errors; i++) {
        const char *version = import->versions[i].text;
        if (!is_offered(f, version))
            finding_add(f->arena, f->findings, DIAG_OUTSIDE, import->versions[i].span, "version %s: not in this system's package index", version);
        else if (!preferred || strcmp(preferred, version) != 0)
            found = try_version(f, version, root);
    }
    return found;
}

/* Does the name of this package file say that it is `version`? */
static bool is_of_version(const struct fetching *f, const char *path, const char *version)
{
    const char *colon = strchr(version, ':'); /* an epoch is not in file names */
    return string_starts(path_base(path), arena_printf(f->arena, "%s_%s_", f->package, colon ? colon + 1 : version));
}

static const char *try_pool(struct fetching *f, const char **root)
{
    const struct import *import = f->wanted->import;
    size_t errors = diag_errors(f->diag);
    const char *found = NULL;
    for (size_t i = 0; !found && i < import->version_count; i++)
        for (size_t k = 0; !found && k < import->pool_count && diag_errors(f->diag) == errors; k++) {
            if (!is_of_version(f, import->pool[k].path.text, import->versions[i].text))
                continue;
            const char *directory = arena_printf(f->arena, "%s/download-%u", f->work, ++f->tries);
            const char *file = path_join(f->arena, directory, "package.deb");
            if (file_make_directories(directory, f->diag) && pool_download(f->arena, &import->pool[k], file, f->findings, f->diag))
                found = take_package(f, file, import->versions[i].text, root);
        }
    return found;
}

/* The candidate is worth a download only when it is none of those that were tried. */
static const char *try_candidate(struct fetching *f, const char **root)
{
    const struct import *import = f->wanted->import;
    bool other = false;
    for (size_t i = 0; i < f->offered.count; i++) {
        bool accepted = false;
        for (size_t k = 0; k < import->version_count; k++)
            accepted = accepted || strcmp(import->versions[k].text, f->offered.items[i]) == 0;
        other = other || !accepted;
    }
    if (!other)
        return NULL;
    struct findings apart = {}; /* other files in another version: no fault of the package */
    struct findings *kept = f->findings;
    f->findings = &apart;
    const char *found = try_version(f, NULL, root);
    f->findings = kept;
    for (size_t i = 0; !found && i < apart.count && i < 4; i++)
        finding_add(f->arena, kept, DIAG_OUTSIDE, apart.items[i].place, "%s", apart.items[i].text);
    if (found) {
        diag_warning(f->diag, import->name.span, "no accepted version of '%s' is offered; version %s has the same files and is used", f->package,
                     found);
        diag_help(f->diag, "add '%s' to the accepted versions", found);
    }
    return found;
}

static struct fetching *begin(struct arena *a, struct attempt *t, struct diag *d)
{
    struct fetching *f = arena_new(a, struct fetching);
    *f = (struct fetching){.arena = a, .wanted = t->wanted, .work = t->work, .package = t->wanted->import->name.text, .preferred = t->preferred,
                           .findings = &t->findings, .diag = d};
    size_t errors = diag_errors(d);
    t->begun = true;
    if (!need(f, "apt-get", "apt", t->alone) || !need(f, "dpkg-deb", "dpkg", t->alone))
        return NULL;
    list_offered(f);
    return diag_errors(d) == errors ? f : NULL;
}

const char *debian_fetch(struct arena *a, struct attempt *t, enum way way, const char **root, struct diag *d)
{
    if (!t->begun)
        t->fetching = begin(a, t, d);
    if (!t->fetching)
        return NULL;
    switch (way) {
    case WAY_ACCEPTED: return try_accepted(t->fetching, root);
    case WAY_POOL: return try_pool(t->fetching, root);
    case WAY_CANDIDATE: return try_candidate(t->fetching, root);
    }
    return NULL;
}

void debian_note_offered(struct arena *a, const struct attempt *t, struct diag *d)
{
    const struct fetching *f = t->fetching;
    if (f->offered.count == 0)
        return;
    struct text list = {};
    for (size_t i = 0; i < f->offered.count && i < 8; i++)
        text_printf(&list, "%s%s", i ? ", " : "", f->offered.items[i]);
    diag_note(d, SPAN_NONE, "this system offers %s", text_keep(&list, a));
    text_dispose(&list);
}
