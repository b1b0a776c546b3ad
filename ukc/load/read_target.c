/*
 * read_target.c - what a target has beside words: how its images are sealed; its C library, a tree from elsewhere and what is made of it.
 */
#include "read.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/text.h"

/* Paths inside the tree, which is not there yet. */
bool read_tree_paths(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    bool importing = r->importing;
    r->importing = true;
    bool ok = read_paths(r, rule, e, out);
    r->importing = importing;
    return ok;
}

static bool check_patterns(struct reader *r, const struct made_header *h)
{
    bool ok = true;
    if (h->replace_count % 2)
        return diag_error(r->diag, h->replace[h->replace_count - 1].span, "a pattern has no replacement: they come in pairs");
    for (size_t i = 0; i < h->replace_count; i += 2) {
        regex_t pattern;
        if (regcomp(&pattern, h->replace[i].text, REG_EXTENDED) == 0)
            regfree(&pattern);
        else
            ok = diag_error(r->diag, h->replace[i].span, "this is not a POSIX extended regular expression");
    }
    return ok;
}

static int compare_headers(const void *a, const void *b)
{
    return strcmp(((const struct made_header *)a)->name.text, ((const struct made_header *)b)->name.text);
}

bool read_made_headers(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "headers");
    if (!t)
        return false;
    VEC(struct made_header) list = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct made_header h = {.name = {item->name, item->key}};
        if (item->value.kind != VALUE_TABLE)
            ok = wrong_type(r, item, "a table with 'from'");
        else if (!check_inside(r, &h.name) || !read_record(r, &schema_header, item->value.table, "a header", item->key, NULL, &h) ||
                 !check_patterns(r, &h))
            ok = false;
        else
            *vec_add(r->arena, &list) = h;
    }
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, compare_headers);
    store_list(rule, out, list.items, list.count);
    return ok;
}

static int compare_seals(const void *a, const void *b)
{
    return strcmp(((const struct target_seal *)a)->key.name.text, ((const struct target_seal *)b)->key.name.text);
}

/* A bool of the image, with one default for all: on, of a note off; or a number, 0. */
static void make_key(struct target_seal *s)
{
    static const struct key_value on = {.text = "true", .number = 1}, off = {.text = "false"}, none = {.text = "0"};
    s->key.kind = s->most > 0 ? KEY_KIND_integer : KEY_KIND_bool;
    s->key.min = s->most > 0 ? 0 : INT64_MIN;
    s->key.max = s->most > 0 ? s->most : INT64_MAX;
    for (int i = 0; i < TARGET_COUNT; i++)
        s->key.defaults[i] = (struct key_default){s->most > 0 ? &none : s->note ? &off : &on, s->key.name.span};
}

bool read_seals(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "seals");
    if (!t)
        return false;
    VEC(struct target_seal) list = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct target_seal s = {.key.name = {item->name, item->key}};
        if (item->value.kind != VALUE_TABLE) {
            ok = wrong_type(r, item, "a table with 'doc'");
            continue;
        }
        if (!check_key_name(r, &s.key.name) || !read_record(r, &schema_seal, item->value.table, "a seal", item->key, NULL, &s)) {
            ok = false;
            continue;
        }
        make_key(&s);
        s.path = arena_printf(r->arena, "%s.%s", s.note ? "note" : "seal", s.key.name.text);
        *vec_add(r->arena, &list) = s;
    }
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, compare_seals);
    store_list(rule, out, list.items, list.count);
    return ok;
}

bool read_library(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct target_library *library = (struct target_library *)((char *)out + rule->offset);
    if (e->value.kind != VALUE_TABLE)
        return wrong_type(r, e, "a table with 'imports' and 'parts'");
    *library = (struct target_library){.span = e->key};
    if (!read_record(r, &schema_library, e->value.table, "the library", e->key, NULL, library))
        return false;
    if (library->import_count == 1 && library->imports[0].kind != IMPORT_PKGCONFIG && library->imports[0].kind != IMPORT_DEBIAN)
        return true;
    return diag_error(r->diag, e->key, "a library has one import: a source tree");
}
