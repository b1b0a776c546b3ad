/*
 * wanted_tree.c - an import of a whole tree as declared, checked: an upstream
 * archive or a git repository, the parts of it that are kept, the patches.
 *
 * Its files are not known beforehand.  Its address in the store is the SHA-256 of what decides them:
 *
 *     ukc-tree 1
 *     archive <sha256>            or   commit <id>
 *     keep <path>                 for each, sorted
 *     patch <sha256>              for each, in order
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "../ukc/base/file.h"
#include "import.h"

#define PATCH_LIMIT ((size_t)16 << 20)

static bool is_hex(const char *s, size_t n)
{
    return s && strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

static bool name_is_clean(const struct import *i)
{
    if (i->kind == IMPORT_DEBIAN_SOURCE)
        return package_is_clean(i->name.text);
    const char *s = i->name.text;
    return s && *s && strlen(s) <= 1000 && string_is_clean_utf8(s, strlen(s)) && !strpbrk(s, " \t");
}

static bool check_archive(struct arena *a, const struct import *i, struct diag *d)
{
    struct hash hash;
    bool ok = true;
    if (!i->sha256.text || !hash_parse(i->sha256.text, &hash))
        ok = diag_error(d, i->sha256.span, "the SHA-256 of the archive of '%s' is not 64 lower-case hexadecimal digits", i->name.text);
    for (size_t k = 0; k < i->archive_count; k++)
        if (!pool_path_is_clean(a, i->archive[k].text))
            ok = diag_error(d, i->archive[k].span, "'%s' is not a path in a Debian archive", i->archive[k].text ? i->archive[k].text : "");
    for (size_t k = 0; k < i->version_count; k++)
        if (!version_is_clean(i->versions[k].text))
            ok = diag_error(d, i->versions[k].span, "'%s' is not a Debian package version", i->versions[k].text ? i->versions[k].text : "");
    if (i->archive_count == 0 && i->version_count == 0)
        ok = diag_error(d, i->span, "the import of '%s' names neither a version nor a path of its archive", i->name.text);
    return ok;
}

static bool check_commit(const struct import *i, struct diag *d)
{
    const char *where = i->repository.text;
    bool ok = true;
    if (!is_hex(i->commit.text, 40))
        ok = diag_error(d, i->commit.span, "'%s' is not the id of a commit: 40 lower-case hexadecimal digits", i->commit.text ? i->commit.text : "");
    if (!where || !*where || strlen(where) > 4000 || !string_is_clean_utf8(where, strlen(where)))
        return diag_error(d, i->repository.span, "'%s' is not the address of a repository", where ? where : "");
    if (!location_is_local(where) && !location_is_remote(where)) {
        ok = diag_error(d, i->repository.span, "a repository cannot be fetched from '%s'", where);
        diag_help(d, "addresses begin with 'https://', 'http://' or 'git://'; a repository of this machine is named by its directory");
    }
    return ok;
}

static bool add_keep(struct arena *a, struct wanted *w, struct diag *d)
{
    const struct import *i = w->import;
    bool ok = true;
    size_t n = 0;
    w->keep = arena_array(a, const char *, i->keep_count);
    for (size_t k = 0; k < i->keep_count; k++) {
        const char *fault = path_fault(a, i->keep[k].text);
        if (fault)
            ok = diag_error(d, i->keep[k].span, "the part '%s' cannot be kept: %s", i->keep[k].text ? i->keep[k].text : "", fault);
        else
            w->keep[n++] = i->keep[k].text;
    }
    if (n)
        qsort(w->keep, n, sizeof *w->keep, string_compare);
    for (size_t k = 0; k < n; k++)
        if (w->keep_count == 0 || strcmp(w->keep[w->keep_count - 1], w->keep[k]) != 0)
            w->keep[w->keep_count++] = w->keep[k];
    return ok;
}

static bool add_patches(struct arena *a, struct wanted *w, struct diag *d)
{
    const struct import *i = w->import;
    bool ok = true;
    w->patches = arena_array(a, struct patch, i->patch_count);
    for (size_t k = 0; k < i->patch_count; k++) {
        const char *name = i->patches[k].text;
        if (!name || !path_is_inside(name) || !string_is_clean_utf8(name, strlen(name))) {
            ok = diag_error(d, i->patches[k].span, "the patch '%s' is not in the directory of the manifest", name ? name : "");
            continue;
        }
        const struct source *s = file_read(a, path_join(a, i->directory ? i->directory : ".", name), i->patches[k].span, PATCH_LIMIT, d);
        if (!s) {
            ok = false;
            continue;
        }
        struct patch *p = &w->patches[w->patch_count++];
        *p = (struct patch){.name = name, .span = i->patches[k].span, .text = s};
        struct hash hash = hash_bytes(s->bytes, s->size);
        hash_hex(&hash, p->sha256);
    }
    return ok;
}

/* The upstream version, whichever way the archive comes: "1:2.2.1+dfsg1-1" and "lwip_2.2.1+dfsg1.orig.tar.xz" are 2.2.1+dfsg1. */
static const char *upstream_version(struct arena *a, const struct import *i)
{
    const char *start, *end;
    if (i->version_count) {
        const char *v = i->versions[0].text;
        start = strchr(v, ':') ? strchr(v, ':') + 1 : v;
        end = strrchr(start, '-');
    } else {
        const char *file = path_base(i->archive[0].text);
        start = strchr(file, '_') ? strchr(file, '_') + 1 : file;
        end = strstr(start, ".orig.tar");
    }
    const char *version = arena_strndup(a, start, end ? (size_t)(end - start) : strlen(start));
    return version_is_clean(version) ? version : "unknown";
}

static const char *describe(struct arena *a, const struct wanted *w, bool names)
{
    struct text t = {};
    bool archive = w->import->kind == IMPORT_DEBIAN_SOURCE;
    text_printf(&t, "%s %s\n", archive ? "archive" : "commit", archive ? w->import->sha256.text : w->import->commit.text);
    for (size_t i = 0; i < w->keep_count; i++)
        text_printf(&t, "keep %s\n", w->keep[i]);
    for (size_t i = 0; i < w->patch_count; i++)
        text_printf(&t, "patch %s%s%s\n", w->patches[i].sha256, names ? " " : "", names ? w->patches[i].name : "");
    const char *description = text_keep(&t, a);
    text_dispose(&t);
    return description;
}

const struct wanted *wanted_tree(struct arena *a, const struct import *import, struct diag *d)
{
    struct wanted *w = arena_new(a, struct wanted);
    *w = (struct wanted){.import = import};
    bool archive = import->kind == IMPORT_DEBIAN_SOURCE;
    bool ok = name_is_clean(import) || diag_error(d, import->name.span, "'%s' is not the name of %s", import->name.text ? import->name.text : "",
                                                  archive ? "a Debian source package" : "a source");
    ok &= archive ? check_archive(a, import, d) : check_commit(import, d);
    ok &= add_keep(a, w, d);
    ok &= add_patches(a, w, d);
    if (!ok)
        return NULL;
    w->version = archive ? upstream_version(a, import) : import->commit.text;
    w->description = describe(a, w, true);
    const char *text = arena_printf(a, "ukc-tree 1\n%s", describe(a, w, false));
    struct hash id = hash_bytes(text, strlen(text));
    hash_hex(&id, w->id);
    return w;
}

/* ---- which parts are kept ---- */

static bool is_below(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    return strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == 0);
}

bool wanted_keeps(const struct wanted *w, const char *path)
{
    for (size_t i = 0; i < w->keep_count; i++)
        if (is_below(path, w->keep[i]))
            return true;
    return w->keep_count == 0;
}

bool wanted_keeps_below(const struct wanted *w, const char *directory)
{
    for (size_t i = 0; i < w->keep_count; i++)
        if (is_below(w->keep[i], directory))
            return true;
    return wanted_keeps(w, directory);
}

/* The nearest path, else one that ends with the same name. */
static const char *nearest_part(const char *part, const char *const *all, size_t count)
{
    const char *near = string_nearest(part, all, count);
    for (size_t i = 0; i < count && !near; i++)
        if (strcmp(path_base(all[i]), path_base(part)) == 0)
            near = all[i];
    return near;
}

bool wanted_check_parts(struct arena *a, const struct wanted *w, const char *const *paths, size_t count, name_lister *list, void *source,
                        struct findings *f)
{
    size_t before = f->count;
    name_list all = {};
    for (size_t k = 0; k < w->import->keep_count; k++) {
        bool found = false;
        for (size_t i = 0; !found && i < count; i++)
            found = is_below(paths[i], w->import->keep[k].text);
        if (found)
            continue;
        if (f->count == before)
            list(source, &all);
        const char *part = w->import->keep[k].text, *near = nearest_part(part, all.items, all.count);
        finding_add(a, f, DIAG_INPUT, w->import->keep[k].span, "there is no '%s' in '%s'", part, w->import->name.text);
        finding_help(f, near ? arena_printf(a, "did you mean '%s'?", near) : NULL);
    }
    if (count == 0 && f->count == before)
        finding_add(a, f, DIAG_INTEGRITY, w->import->span, "there is no file in '%s'", w->import->name.text);
    return f->count == before;
}
