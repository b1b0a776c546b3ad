/*
 * read_import.c - sources that come from elsewhere: Debian packages and pkg-config modules.
 */
#include "drafts.h"

#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/hash.h"
#include "../base/text.h"

static bool check_spelling(struct reader *r, const struct word *w, const char *letters,
                           const char *what)
{
    if (strlen(w->text) >= 2 && strspn(w->text, letters) == strlen(w->text) && w->text[0] != '-' &&
        w->text[0] != '.' && w->text[0] != '+')
        return true;
    return diag_error(r->diag, w->span, "'%s' is not %s", shown(r->arena, w->text, strlen(w->text)),
                      what);
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

bool read_files(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "SHA-256 hashes by path");
    if (!t)
        return false;
    VEC(struct import_file) files = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct import_file f = {.path = {item->name, item->key}};
        struct hash hash;
        if (!spend(r, item->key))
            return false;
        if (!item->name) {
            ok =
                diag_error(r->diag, item->key, "'files' names each file: [\"path\"] = \"SHA-256\"");
        } else if (!check_clean(r, item->name, item->name_size, item->key) ||
                   !check_inside(r, &f.path) || !take_word(r, item, &f.sha256)) {
            ok = false;
        } else if (!hash_parse(f.sha256.text, &hash)) {
            ok = diag_error(r->diag, f.sha256.span,
                            "this is not a SHA-256 hash: 64 lower-case hexadecimal digits");
            if (strlen(f.sha256.text) != 64)
                diag_help(r->diag, "it has %zu characters", strlen(f.sha256.text));
        }
        f.path.text = f.path.text ? path_normal(r->arena, f.path.text) : "";
        *vec_add(r->arena, &files) = f;
    }
    if (t->count == 0)
        ok = diag_error(r->diag, e->value.span,
                        "'files' is empty; every file that is used is listed with its SHA-256");
    if (files.count)
        qsort(files.items, files.count, sizeof *files.items, compare_files);
    store_list(rule, out, files.items, files.count);
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
    return (out->file_count == 0 || check_listed(r, out)) && ok;
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
        bool good;
        if (m && m->form == FORM_debian)
            good = read_debian(r, m, &import);
        else if (m && m->form == FORM_pkgconfig)
            good = read_pkgconfig(r, m, &import);
        else
            good = wrong_type(r, item, "a debian { ... } or pkgconfig \"...\"");
        if (good)
            *vec_add(r->arena, &list) = import;
        ok &= good;
    }
    store_list(rule, out, list.items, list.count);
    return ok;
}
