/*
 * read_tree.c - whole trees from elsewhere: the upstream archive of a source package, a git repository.
 *
 * What is pinned is the tree (by the archive's SHA-256, by the commit), not
 * each file: which files there are is known when it has been fetched.
 */
#include "read_import.h"

#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* ---- fields ---- */

static void store(const struct rule *rule, void *out, struct word w)
{
    memcpy((char *)out + rule->offset, &w, sizeof w);
}

bool read_sha256(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w) || !check_sum(r, &w))
        return false;
    store(rule, out, w);
    return true;
}

/* It becomes part of a reference's name in the store, and of a file name. */
bool read_tree_name(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w) || !check_spelling(r, &w, LETTERS DIGITS "+-._", "a name: letters, digits and + - . _"))
        return false;
    if (strlen(w.text) > 64 || strstr(w.text, "..") || string_ends(w.text, ".") || string_ends(w.text, ".lock"))
        return diag_error(r->diag, w.span, "'%s' cannot name a source: %s", shown(r->arena, w.text, strlen(w.text)),
                          strlen(w.text) > 64 ? "it is longer than 64 bytes" : "it has '..', or ends with '.' or '.lock'");
    store(rule, out, w);
    return true;
}

bool read_commit(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w))
        return false;
    if (strlen(w.text) != 40 || strspn(w.text, DIGITS "abcdef") != 40) {
        diag_error(r->diag, w.span, "'%s' is not a commit: 40 lower-case hexadecimal digits", shown(r->arena, w.text, strlen(w.text)));
        return diag_help(r->diag, "a branch or a tag can move: 'git ls-remote REPOSITORY' lists their commits (of a tag, the line with ^{} if there is one), "
                                  "'git rev-parse NAME^{commit}' prints one of a clone");
    }
    store(rule, out, w);
    return true;
}

/* What is wrong with the part behind "scheme://", or NULL. */
static const char *url_fault(const char *rest, bool is_file)
{
    if (strspn(rest, LETTERS DIGITS "-._~:/?#[]@!$&'()*+,;=%") != strlen(rest))
        return "it has a character that a URL cannot have";
    if (is_file)
        return rest[0] == '/' && rest[1] ? NULL : "a file URL has three slashes: file:///path";
    const char *end = rest + strcspn(rest, "/?#"), *at = memchr(rest, '@', (size_t)(end - rest));
    const char *host = at ? at + 1 : rest;
    if (at && memchr(rest, ':', (size_t)(at - rest)))
        return "a password does not belong in a manifest";
    if (host == end || *host == ':' || *host == '-' || *rest == '-' || *rest == '@')
        return "it has no host";
    if (*end != '/' || !end[1])
        return "it has no path";
    return NULL;
}

/* A URL of a scheme that fetches and runs nothing, or a path. */
static bool check_repository(struct reader *r, const struct word *w)
{
    static const char *const schemes[] = {"https", "http", "git", "file"};
    const char *name = shown(r->arena, w->text, strlen(w->text)), *rest = strstr(w->text, "://");
    size_t colon = strcspn(w->text, ":"), slash = strcspn(w->text, "/");
    bool local = true;
    if (w->text[0] == '-') {
        diag_error(r->diag, w->span, "'%s' is not a repository: it begins with '-'", name);
        return w->text[1] ? diag_help(r->diag, "a directory of that name is './%s'", name) : false;
    }
    if (rest && (size_t)(rest - w->text) == colon) {
        const char *scheme = arena_strndup(r->arena, w->text, colon), *near = string_nearest(scheme, schemes, 4), *fault;
        if (!near || !string_equal(near, scheme)) {
            diag_error(r->diag, w->span, "a repository cannot be fetched by '%s'; it is one of: https http git file",
                       shown(r->arena, scheme, colon));
            return near ? diag_help(r->diag, "did you mean '%s'?", near) : false;
        }
        local = string_equal(scheme, "file");
        fault = url_fault(rest + 3, local);
        if (fault)
            return diag_error(r->diag, w->span, "'%s' is not a URL of a repository: %s", name, fault);
    } else if (colon < slash && w->text[colon]) {
        diag_error(r->diag, w->span, "'%s' is neither a URL nor a path", name);
        return diag_help(r->diag, "write https://HOST/PATH for a host, './%s' for a directory", name);
    }
    if (!local || !r->foreign)
        return true;
    diag_error(r->diag, w->span, "'%s' is a repository on this machine, and this manifest comes from a repository itself", name);
    return diag_help(r->diag, "the manifest of a repository can name others by https, http and git");
}

bool read_repository(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w) || !check_repository(r, &w))
        return false;
    store(rule, out, w);
    return true;
}

/* What the archive is called is known only when the whole import is: see check_archives. */
bool read_archive(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct import *import = out; /* only imports have this field */
    bool ok = read_paths(r, rule, e, out);
    for (size_t i = 0; ok && i < import->archive_count; i++) {
        const struct word *w = &import->archive[i];
        if (strspn(w->text, LETTERS DIGITS "+-.~_/") != strlen(w->text))
            ok = diag_error(r->diag, w->span, "'%s' is not the path of an upstream archive", shown(r->arena, w->text, strlen(w->text)));
    }
    import->archive_count = ok ? import->archive_count : 0;
    return ok;
}

/* They lie beside the manifest, not in what is imported. */
bool read_patches(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct import *import = out; /* only imports have this field */
    r->importing = false;
    bool ok = read_paths(r, rule, e, out);
    for (size_t i = 0; ok && i < import->patch_count; i++)
        ok = check_regular(r, &import->patches[i]);
    r->importing = true;
    return ok;
}

/* ---- what spans fields ---- */

/* "NAME_VERSION.orig.tar.xz"; the version without its epoch and without what the packager appended. */
static bool is_archive_of(const char *file, const char *name, const char *version)
{
    const char *colon = strchr(version, ':');
    version = colon ? colon + 1 : version;
    const char *dash = strrchr(version, '-');
    size_t n = strlen(name), m = dash ? (size_t)(dash - version) : strlen(version);
    if (strncmp(file, name, n) != 0 || file[n] != '_' || strncmp(file + n + 1, version, m) != 0)
        return false;
    static const char *const endings[] = {".orig.tar.xz", ".orig.tar.gz", ".orig.tar.bz2", ".orig.tar.zst"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (string_equal(file + n + 1 + m, endings[i]))
            return true;
    return false;
}

static bool check_archives(struct reader *r, const struct import *import)
{
    bool ok = true;
    for (size_t i = 0; i < import->archive_count; i++) {
        const struct word *path = &import->archive[i];
        bool found = false;
        for (size_t k = 0; k < import->version_count && !found; k++)
            found = is_archive_of(path_base(path->text), import->name.text, import->versions[k].text);
        if (found)
            continue;
        ok = diag_error(r->diag, path->span, "'%s' is not called like the upstream archive of '%s' in a version of 'versions'",
                        shown(r->arena, path->text, strlen(path->text)), import->name.text);
        diag_help(r->diag, "write its path in the archive: \"pool/.../%s_VERSION.orig.tar.xz\", where VERSION is without what follows its last '-'",
                  import->name.text);
    }
    return ok;
}

/* `inner` is `outer` or below it. */
static bool holds(const char *outer, const char *inner)
{
    size_t n = strlen(outer);
    return string_equal(outer, ".") || (strncmp(outer, inner, n) == 0 && (inner[n] == '/' || !inner[n]));
}

static bool check_kept(struct reader *r, const struct import *import, const struct word *paths, size_t count, bool directories)
{
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        bool kept = import->keep_count == 0;
        for (size_t k = 0; k < import->keep_count && !kept; k++) /* a directory is there as well when only something in it is kept */
            kept = holds(import->keep[k].text, paths[i].text) || (directories && holds(paths[i].text, import->keep[k].text));
        if (kept)
            continue;
        ok = diag_error(r->diag, paths[i].span, "'%s' is not in what 'keep' names", shown(r->arena, paths[i].text, strlen(paths[i].text)));
        diag_help(r->diag, "add it or a directory above it to 'keep'");
    }
    return ok;
}

static bool read_tree(struct reader *r, const struct schema *schema, const struct made *m, enum import_kind kind, struct import *out)
{
    *out = (struct import){.kind = kind, .span = m->span, .directory = r->directory};
    r->importing = true;
    bool ok = m->body && read_record(r, schema, m->body, schema->name, m->span, NULL, out);
    r->importing = false;
    bool sources = check_kept(r, out, out->sources, out->source_count, false);
    return check_kept(r, out, out->include, out->include_count, true) && sources && ok;
}

bool read_debian_source(struct reader *r, const struct made *m, struct import *out)
{
    bool ok = read_tree(r, &schema_debian_source, m, IMPORT_DEBIAN_SOURCE, out);
    return (!out->name.text || out->version_count == 0 || check_archives(r, out)) && ok;
}

bool read_git(struct reader *r, const struct made *m, struct import *out)
{
    return read_tree(r, &schema_git, m, IMPORT_GIT, out);
}

bool read_used_repository(struct reader *r, const struct table *body, struct span span, struct used_repository *out)
{
    *out = (struct used_repository){.span = span, .directory = r->directory};
    return read_record(r, &schema_use, body, "use", span, NULL, out);
}
