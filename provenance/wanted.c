/*
 * wanted.c - an import as declared, checked: a manifest's words are not trusted
 * here either, because they become arguments of programs and paths on disk.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../ukc/base/file.h"
#include "import.h"

/* Debian Policy 5.6.1: lower-case letters, digits, + - . , at least two, the first a letter or digit. */
bool package_is_clean(const char *name)
{
    if (!name || !isalnum((unsigned char)name[0]) || !name[1] || strlen(name) > 200)
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == strlen(name);
}

/* Debian Policy 5.6.12: letters, digits, . + - ~ and a colon after an epoch. */
bool version_is_clean(const char *version)
{
    if (!version || !isalnum((unsigned char)version[0]) || strlen(version) > 200)
        return false;
    for (const char *p = version; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".+-~:", *p))
            return false;
    return true;
}

/* Inside its tree, written the one way, and nothing that git refuses in a tree. */
const char *path_fault(struct arena *a, const char *path)
{
    if (!path || !*path || strlen(path) > 4000 || !string_is_clean_utf8(path, strlen(path)))
        return "it is not a clean path";
    if (!path_is_inside(path) || strcmp(path_normal(a, path), path) != 0)
        return "it must be relative, inside the package, without '.', '..' or '//'";
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        if (strncasecmp(part, ".git", 4) == 0 && (part[4] == 0 || part[4] == '/'))
            return "a git tree cannot hold the name '.git'";
        if (strcspn(part, "/") > NAME_MAX)
            return "a name in it is longer than 255 bytes";
    }
    return NULL;
}

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const struct wanted_file *)a)->path, ((const struct wanted_file *)b)->path);
}

static bool check_names(const struct import *import, struct diag *d)
{
    bool ok = true;
    if (!package_is_clean(import->name.text))
        ok = diag_error(d, import->name.span, "'%s' is not the name of a Debian package", import->name.text ? import->name.text : "");
    for (size_t i = 0; i < import->version_count; i++)
        if (!version_is_clean(import->versions[i].text))
            ok = diag_error(d, import->versions[i].span, "'%s' is not a Debian package version",
                            import->versions[i].text ? import->versions[i].text : "");
    if (import->version_count == 0)
        ok = diag_error(d, import->span, "the import of '%s' accepts no version", import->name.text);
    if (import->file_count == 0)
        ok = diag_error(d, import->span, "the import of '%s' names no file", import->name.text);
    return ok;
}

static bool fill_files(struct arena *a, struct wanted *w, struct diag *d)
{
    bool ok = true;
    for (size_t i = 0; i < w->count; i++) {
        const struct import_file *f = &w->import->files[i];
        const char *fault = path_fault(a, f->path.text);
        w->files[i] = (struct wanted_file){.path = f->path.text, .path_span = f->path.span, .sha256_span = f->sha256.span};
        if (fault)
            ok = diag_error(d, f->path.span, "the path '%s' cannot be imported: %s", f->path.text ? f->path.text : "", fault);
        if (!f->sha256.text || !hash_parse(f->sha256.text, &w->files[i].sha256))
            ok = diag_error(d, f->sha256.span, "the SHA-256 of '%s' is not 64 lower-case hexadecimal digits", f->path.text ? f->path.text : "");
    }
    return ok;
}

/* It becomes part of an address. */
bool pool_path_is_clean(struct arena *a, const char *path)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.~_/";
    return !path_fault(a, path) && strspn(path, letters) == strlen(path);
}

static bool check_pool(struct arena *a, const struct import *import, struct diag *d)
{
    bool ok = true;
    for (size_t i = 0; i < import->pool_count; i++) {
        const struct import_file *f = &import->pool[i];
        struct hash hash;
        if (!pool_path_is_clean(a, f->path.text))
            ok = diag_error(d, f->path.span, "'%s' is not a path in a Debian archive", f->path.text ? f->path.text : "");
        if (!f->sha256.text || !hash_parse(f->sha256.text, &hash))
            ok = diag_error(d, f->sha256.span, "the SHA-256 of '%s' is not 64 lower-case hexadecimal digits", f->path.text ? f->path.text : "");
    }
    return ok;
}

/* No path twice, and none that is also a directory of another ("a" and "a/b": another path may sort between them). */
static bool check_clashes(const struct wanted *w, struct diag *d)
{
    bool ok = true;
    for (size_t i = 0; i + 1 < w->count; i++)
        if (strcmp(w->files[i].path, w->files[i + 1].path) == 0)
            ok = diag_error(d, w->files[i + 1].path_span, "the path '%s' is declared twice", w->files[i].path);
    for (size_t i = 0; i < w->directory_count; i++)
        if (wanted_find(w, w->directories[i]))
            ok = diag_error(d, wanted_find(w, w->directories[i])->path_span, "the path '%s' is declared as a file, and as a directory of another file",
                            w->directories[i]);
    return ok;
}

static void list_directories(struct arena *a, struct wanted *w)
{
    VEC(const char *) list = {};
    *vec_add(a, &list) = ".";
    for (size_t i = 0; i < w->count; i++)
        for (const char *slash = strchr(w->files[i].path, '/'); slash; slash = strchr(slash + 1, '/'))
            *vec_add(a, &list) = arena_strndup(a, w->files[i].path, (size_t)(slash - w->files[i].path));
    qsort(list.items, list.count, sizeof *list.items, string_compare);
    size_t n = 0;
    for (size_t i = 0; i < list.count; i++)
        if (n == 0 || strcmp(list.items[n - 1], list.items[i]) != 0)
            list.items[n++] = list.items[i];
    w->directories = list.items;
    w->directory_count = n;
}

const struct wanted *wanted_make(struct arena *a, const struct import *import, struct diag *d)
{
    if (import->kind != IMPORT_DEBIAN)
        return wanted_tree(a, import, d);
    struct wanted *w = arena_new(a, struct wanted);
    *w = (struct wanted){.import = import, .count = import->file_count};
    w->files = arena_array(a, struct wanted_file, w->count);
    w->paths = arena_array(a, const char *, w->count);
    bool names = check_names(import, d), pool = check_pool(a, import, d);
    if (!fill_files(a, w, d) || !names || !pool)
        return NULL;
    qsort(w->files, w->count, sizeof *w->files, file_compare);
    list_directories(a, w);
    if (!check_clashes(w, d))
        return NULL;
    struct hasher *h = hasher_create();
    for (size_t i = 0; i < w->count; i++) {
        char hex[HASH_HEX];
        hash_hex(&w->files[i].sha256, hex);
        const char *line = arena_printf(a, "%s  %s\n", hex, w->files[i].path);
        hasher_add(h, line, strlen(line));
        w->paths[i] = w->files[i].path;
    }
    struct hash id = hasher_finish(h);
    hash_hex(&id, w->id);
    return w;
}

struct wanted_file *wanted_find(const struct wanted *w, const char *path)
{
    return bsearch(&(struct wanted_file){.path = path}, w->files, w->count, sizeof *w->files, file_compare);
}

void finding_add(struct arena *a, struct findings *f, enum diag_class class, struct span place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(a, format, args);
    va_end(args);
    *vec_add(a, f) = (struct finding){class, place, text, NULL};
}

void finding_help(struct findings *f, const char *help)
{
    if (f->count)
        f->items[f->count - 1].help = help;
}

bool write_new_file(const char *path, const void *bytes, size_t size, struct diag *d)
{
    struct arena *a = arena_create();
    bool made = file_make_directories(path_directory(a, path), d);
    arena_destroy(a);
    if (!made)
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool ok = fd >= 0;
    for (size_t done = 0; ok && done < size;) {
        ssize_t n = write(fd, (const char *)bytes + done, size - done);
        if (n < 0 && errno != EINTR)
            ok = false;
        done += n > 0 ? (size_t)n : 0;
    }
    ok = ok && fchmod(fd, 0444) == 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        error = errno;
        ok = false;
    }
    if (!ok)
        diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(error));
    errno = error;
    return ok;
}

bool make_executable(const char *path, struct diag *d)
{
    return chmod(path, 0555) == 0 || diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno));
}

bool write_new_link(const char *path, const char *target, struct diag *d)
{
    struct arena *a = arena_create();
    bool made = file_make_directories(path_directory(a, path), d);
    arena_destroy(a);
    return made && (symlink(target, path) == 0 || diag_fail(d, DIAG_OUTSIDE, SPAN_NONE, "'%s' cannot be written: %s", path, strerror(errno)));
}

const char *one_line(struct arena *a, const struct text *message)
{
    size_t n = message->size < 300 ? message->size : 300;
    while (n > 0 && n < message->size && ((unsigned char)message->bytes[n] & 0xc0) == 0x80)
        n--;
    char *line = arena_strndup(a, text_string(message), n);
    size_t out = 0;
    for (size_t i = 0; line[i]; i++) {
        char c = line[i] == '\n' || line[i] == '\t' ? ' ' : line[i];
        if ((unsigned char)c < ' ' || c == 0x7f || (c == ' ' && (out == 0 || line[out - 1] == ' ')))
            continue;
        line[out++] = c;
    }
    while (out > 0 && line[out - 1] == ' ')
        out--;
    line[out] = 0;
    return string_is_clean_utf8(line, out) ? line : "(a message that is not text)";
}
