/*
 * read_import.c - sources that come from elsewhere: files of Debian packages, pkg-config modules, alternatives.
 */
#include "read_import.h"

#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/text.h"

bool check_spelling(struct reader *r, const struct word *w, const char *letters, const char *what)
{
    if (strlen(w->text) >= 2 && strspn(w->text, letters) == strlen(w->text) && w->text[0] != '-' &&
        w->text[0] != '.' && w->text[0] != '+')
        return true;
    diag_error(r->diag, w->span, "'%s' is not %s", shown(r->arena, w->text, strlen(w->text)), what);
    return strlen(w->text) < 2 ? diag_help(r->diag, "two characters are the least") : false;
}

bool read_package(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w) || !check_spelling(r, &w, "abcdefghijklmnopqrstuvwxyz0123456789+-.",
                                                "the name of a Debian package"))
        return false;
    return read_text(r, rule, e, out);
}

bool read_module(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w) ||
        !check_spelling(r, &w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._",
                        "a pkg-config module"))
        return false;
    return read_text(r, rule, e, out);
}

bool read_versions(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.~:";
    struct import *import = out; /* only imports have this field */
    if (!read_words(r, rule, e, out))
        return false;
    if (import->version_count == 0)
        return diag_error(
            r->diag, e->value.span,
            "'versions' is empty; it lists the package versions that are accepted, best first");
    bool ok = true;
    for (size_t i = 0; i < import->version_count; i++)
        if (strspn(import->versions[i].text, letters) != strlen(import->versions[i].text))
            ok = diag_error(
                r->diag, import->versions[i].span, "'%s' is not a Debian package version",
                shown(r->arena, import->versions[i].text, strlen(import->versions[i].text)));
    return ok;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct import_file *)a)->path.text,
                  ((const struct import_file *)b)->path.text);
}

bool check_sum(struct reader *r, struct word *w)
{
    struct hash hash;
    if (hash_parse(w->text, &hash))
        return true;
    if (string_equal(w->text, "?")) { /* not known yet: what nothing has, so that fetching tells what there is */
        w->text = "0000000000000000000000000000000000000000000000000000000000000000";
        return true;
    }
    diag_error(r->diag, w->span, "this is not a SHA-256 hash: 64 lower-case hexadecimal digits");
    if (strlen(w->text) != 64)
        return diag_help(r->diag, "it has %zu characters; with \"?\" in its place, 'ukc fetch' says what it is", strlen(w->text));
    return diag_help(r->diag, "with \"?\" in its place, 'ukc fetch' says what it is");
}

/* ["path"] = "SHA-256" */
static bool read_file_sum(struct reader *r, const struct rule *rule, const struct entry *item,
                          struct import_file *out)
{
    *out = (struct import_file){.path = {item->name, item->key}};
    if (!item->name)
        return diag_error(r->diag, item->key, "'%s' names each file: [\"path\"] = \"SHA-256\"",
                          rule->name);
    if (!check_clean(r, item->name, item->name_size, item->key) || !check_inside(r, &out->path) ||
        !take_word(r, item, &out->sha256))
        return false;
    return check_sum(r, &out->sha256);
}

bool read_files(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "SHA-256 hashes by path");
    if (!t)
        return false;
    VEC(struct import_file) files = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        struct import_file f;
        if (!spend(r, t->entries[i].key))
            return false;
        ok &= read_file_sum(r, rule, &t->entries[i], &f);
        f.path.text = f.path.text ? path_normal(r->arena, f.path.text) : "";
        *vec_add(r->arena, &files) = f;
    }
    if (t->count == 0)
        ok = diag_error(r->diag, e->value.span, "'%s' is empty; every %s is listed with its SHA-256",
                        rule->name, rule->type == FIELD_pool ? "package" : "file that is used");
    if (files.count)
        qsort(files.items, files.count, sizeof *files.items, compare_files);
    store_list(rule, out, files.items, files.count);
    return ok;
}

/* What the package is called there is known only when the whole import is: see check_pool. */
bool read_pool(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.~_/";
    struct import *import = out; /* only imports have this field */
    bool ok = read_files(r, rule, e, out);
    for (size_t i = 0; ok && i < import->pool_count; i++) {
        const struct word *w = &import->pool[i].path;
        if (strspn(w->text, letters) != strlen(w->text) || !string_ends(w->text, ".deb"))
            ok = diag_error(r->diag, w->span, "'%s' is not the path of a Debian package",
                            shown(r->arena, w->text, strlen(w->text)));
    }
    return ok;
}

/* "NAME_VERSION_ARCHITECTURE.deb"; the version stands there without its epoch. */
static bool is_package_file(const char *file, const char *name, const char *version)
{
    const char *colon = strchr(version, ':');
    size_t n = strlen(name), m;
    version = colon ? colon + 1 : version;
    m = strlen(version);
    if (strncmp(file, name, n) != 0 || file[n] != '_' || strncmp(file + n + 1, version, m) != 0)
        return false;
    const char *rest = file + n + 1 + m;
    return rest[0] == '_' && !strchr(rest + 1, '_') && strlen(rest) > strlen("_.deb");
}

static bool check_pool(struct reader *r, const struct import *import)
{
    bool ok = true;
    for (size_t i = 0; i < import->pool_count; i++) {
        const struct word *path = &import->pool[i].path;
        bool found = false;
        for (size_t k = 0; k < import->version_count && !found; k++)
            found = is_package_file(path_base(path->text), import->name.text,
                                    import->versions[k].text);
        if (found)
            continue;
        ok = diag_error(r->diag, path->span,
                        "'%s' is not called like the package '%s' in a version of 'versions'",
                        shown(r->arena, path->text, strlen(path->text)), import->name.text);
        diag_help(r->diag, "write its path in the archive: [\"pool/.../%s_VERSION_ARCHITECTURE.deb\"]",
                  import->name.text);
    }
    return ok;
}

/* What is compiled must be among the files whose content is pinned. */
static bool check_listed(struct reader *r, const struct import *import)
{
    const char **paths = arena_array(r->arena, const char *, import->file_count);
    bool ok = true;
    for (size_t i = 0; i < import->file_count; i++)
        paths[i] = import->files[i].path.text;
    for (size_t i = 0; i < import->source_count; i++) {
        const char *p = import->sources[i].text;
        if (import->file_count &&
            bsearch(&p, paths, import->file_count, sizeof *paths, string_compare))
            continue;
        ok = diag_error(r->diag, import->sources[i].span, "'%s' is not listed in 'files'",
                        shown(r->arena, p, strlen(p)));
        const char *near = string_nearest(p, paths, import->file_count);
        if (near)
            diag_help(r->diag, "did you mean '%s'?", near);
        else
            diag_help(r->diag, "add it there with its SHA-256");
    }
    return ok;
}

static bool read_debian(struct reader *r, const struct made *m, struct import *out)
{
    *out = (struct import){.kind = IMPORT_DEBIAN, .span = m->span};
    r->importing = true;
    bool ok = m->body && read_record(r, &schema_debian, m->body, "debian", m->span, NULL, out);
    r->importing = false;
    bool listed = out->file_count == 0 || check_listed(r, out);
    bool placed = !out->name.text || out->version_count == 0 || check_pool(r, out);
    return listed && placed && ok;
}

static bool read_pkgconfig(struct reader *r, const struct made *m, struct import *out)
{
    struct module_draft module = {0};
    *out = (struct import){.kind = IMPORT_PKGCONFIG, .span = m->span};
    if (m->body) {
        if (!read_record(r, &schema_pkgconfig, m->body, "pkgconfig", m->span, NULL, &module))
            return false;
    } else {
        struct entry name = {
            .name = "pkgconfig",
            .name_size = 9,
            .key = m->span,
            .value = {
                .kind = VALUE_STRING, .span = m->name_span, .text = m->name, .size = m->name_size}};
        struct rule rule = {.offset = offsetof(struct module_draft, name)};
        if (!read_module(r, &rule, &name, &module))
            return false;
    }
    out->name = module.name;
    if (module.version.text) {
        out->versions = arena_memdup(r->arena, &module.version, sizeof module.version);
        out->version_count = 1;
    }
    return true;
}

/* Sources that are fetched; pkg-config's are not. */
static bool read_fetched(struct reader *r, const struct made *m, struct import *out, bool *known)
{
    enum form form = m ? m->form : FORM_COUNT;
    *known = form == FORM_debian || form == FORM_debian_source || form == FORM_git;
    return form == FORM_debian          ? read_debian(r, m, out)
           : form == FORM_debian_source ? read_debian_source(r, m, out)
           : form == FORM_git           ? read_git(r, m, out)
                                        : false;
}

/*
 * Alternatives are releases of one package: so the lock has one pin for them.  A version in
 * two of one kind would mean two sets of files.
 */
static bool check_alternative(struct reader *r, const struct import *list, size_t count)
{
    const struct import *last = &list[count - 1];
    if (!string_equal(last->name.text, list->name.text)) {
        diag_error(r->diag, last->name.span, "the alternatives of a first_of are of one package: '%s', not '%s'",
                   list->name.text, last->name.text);
        return diag_note(r->diag, list->name.span, "the first is here");
    }
    for (size_t i = 0; i + 1 < count; i++)
        for (size_t j = 0; list[i].kind == last->kind && j < list[i].version_count; j++)
            for (size_t k = 0; k < last->version_count; k++)
                if (string_equal(list[i].versions[j].text, last->versions[k].text)) {
                    diag_error(r->diag, last->versions[k].span,
                               "version '%s' is accepted by an alternative before this one",
                               last->versions[k].text);
                    return diag_note(r->diag, list[i].versions[j].span, "here");
                }
    return true;
}

static bool read_first_of(struct reader *r, const struct made *m, struct import *out)
{
    *out = (struct import){.kind = IMPORT_FIRST_OF, .span = m->span};
    const struct entry body = {
        .name = "first_of",
        .name_size = 8,
        .key = m->span,
        .value = {.kind = VALUE_TABLE, .span = m->span, .table = m->body}};
    const struct table *t = m->body ? take_list(r, &body, "alternatives") : NULL;
    if (!t)
        return false;
    VEC(struct import) list = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct import one;
        bool known;
        if (!spend(r, item->key))
            return false;
        if (read_fetched(r, item->value.kind == VALUE_MADE ? item->value.made : NULL, &one, &known)) {
            *vec_add(r->arena, &list) = one;
            ok &= check_alternative(r, list.items, list.count);
        } else {
            ok = known ? false : wrong_type(r, item, "a debian, debian_source or git { ... }");
        }
    }
    if (t->count == 0)
        ok = diag_error(r->diag, m->span, "first_of is empty; it lists alternatives, best first");
    if (list.count)
        out->name = list.items[0].name;
    out->alternatives = list.items;
    out->alternative_count = list.count;
    return ok;
}

bool read_imports(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table single = {.entries = e, .count = 1}, *t = &single;
    if (e->value.kind != VALUE_MADE && !(t = take_list(r, e, "imports")))
        return false;
    VEC(struct import) list = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct import import;
        const struct made *m = item->value.kind == VALUE_MADE ? item->value.made : NULL;
        bool known, good = read_fetched(r, m, &import, &known);
        if (m && m->form == FORM_first_of)
            good = read_first_of(r, m, &import);
        else if (m && m->form == FORM_pkgconfig)
            good = read_pkgconfig(r, m, &import);
        else if (!known)
            good = wrong_type(r, item, "a debian, debian_source, git or first_of { ... }, or pkgconfig \"...\"");
        if (good)
            *vec_add(r->arena, &list) = import;
        ok &= good;
    }
    store_list(rule, out, list.items, list.count);
    return ok;
}
