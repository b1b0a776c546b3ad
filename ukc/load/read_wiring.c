/*
 * read_wiring.c - what a component needs, provides and chooses, and its settings.
 */
#include "../base/map.h"
#include "read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/text.h"

const char *const target_names[TARGET_COUNT] = {
#define X(name, doc) #name,
    TARGETS(X)
#undef X
};

enum target target_find(const char *name)
{
    for (int i = 0; i < TARGET_COUNT; i++)
        if (string_equal(target_names[i], name))
            return (enum target)i;
    return TARGET_COUNT;
}

/* Items are compared by the word they begin with. */
static int compare_word(const void *a, const void *b)
{
    return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

static bool is_form(const struct entry *e, enum form form)
{
    return e->value.kind == VALUE_MADE && e->value.made->form == form;
}

static bool named(struct reader *r, const struct entry *e, const char *help)
{
    if (e->name)
        return check_clean(r, e->name, e->name_size, e->key);
    diag_error(r->diag, e->value.span, "a name is missing here");
    return diag_help(r->diag, "write: %s", help);
}

/* ---- signatures ---- */

/* sig.x, from a field that holds it */
static bool take_signature(struct reader *r, const struct entry *e, struct word *name,
                           struct word *range)
{
    *range = (struct word){0};
    if (!is_form(e, FORM_sig)) {
        wrong_type(r, e, "a signature");
        if (e->value.kind == VALUE_STRING)
            diag_help(r->diag, "write: sig.%s", shown(r->arena, e->value.text, e->value.size));
        return false;
    }
    const struct made *m = e->value.made;
    if (!m->name) { /* the word alone: requires = { disk = sig } */
        diag_error(r->diag, e->value.span, "'sig' alone names no signature");
        return diag_help(r->diag, "write: sig.NAME, for example sig.console");
    }
    *name = (struct word){m->name, m->body ? m->span : e->value.span};
    if (!check_clean(r, m->name, m->name_size, name->span) ||
        !check_reference(r, name, "a signature"))
        return false;
    const char *what = arena_printf(r->arena, "sig.%s", m->name);
    return !m->body || read_record(r, &schema_sig, m->body, what, m->span, NULL, range);
}

bool read_provides(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    VEC(struct word) words = {};
    bool ok = true;
    const struct table single = {.entries = e, .count = 1}, *t = &single;
    if (e->value.kind != VALUE_MADE && !(t = take_list(r, e, "signatures")))
        return false;
    for (size_t i = 0; i < t->count; i++) {
        struct word name, range;
        if (!take_signature(r, &t->entries[i], &name, &range)) {
            ok = false;
            continue;
        }
        if (range.text)
            ok = diag_error(
                r->diag, range.span,
                "an implementation provides a signature whole; it has its own 'version'");
        for (size_t j = 0; j < words.count; j++)
            if (string_equal(words.items[j].text, name.text))
                ok = diag_error(r->diag, name.span, "signature '%s' is listed twice", name.text);
        *vec_add(r->arena, &words) = name;
    }
    if (t->count == 0)
        ok = diag_error(r->diag, e->value.span,
                        "'provides' is empty; an implementation provides at least one signature");
    store_list(rule, out, words.items, words.count);
    return ok;
}

bool read_requires(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "signatures");
    if (!t)
        return false;
    VEC(struct requirement) list = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct requirement q = {.name = {item->name, item->key}};
        if (!spend(r, item->key))
            return false;
        if (!named(r, item,
                   is_form(item, FORM_sig)
                       ? arena_printf(r->arena, "%s = sig.%s", item->value.made->name,
                                      item->value.made->name)
                       : "name = sig.signature") ||
            !check_requirement_name(r, &q.name)) {
            ok = false;
            continue;
        }
        if (take_signature(r, item, &q.signature, &q.version))
            *vec_add(r->arena, &list) = q;
        else
            ok = false;
    }
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, compare_word);
    store_list(rule, out, list.items, list.count);
    return ok;
}

/* ---- choices ---- */

static const struct choice *read_choice(struct reader *, const struct entry *);

static const struct instance_decl *read_instance(struct reader *r, struct made *m)
{
    if (m->memo)
        return m->memo;
    struct instance_decl *d = arena_new(r->arena, struct instance_decl);
    *d = (struct instance_decl){.id = m->id, .span = m->span};
    m->memo = d;
    struct word written = {m->name ? m->name : "", m->name_span};
    bool ok = true;
    if (m->form == FORM_embed) {
        d->implementation = (struct word){"embed", m->span};
        d->compress = "none";
        struct entry name = {
            .name = "embed",
            .name_size = 5,
            .key = m->span,
            .value = {
                .kind = VALUE_STRING, .span = m->name_span, .text = m->name, .size = m->name_size}};
        struct rule directory = {.offset = offsetof(struct instance_decl, embed)};
        if (m->body)
            ok = read_record(r, &schema_embed, m->body, "embed", m->span, NULL, d);
        else
            ok = read_file(r, &directory, &name, d);
    } else {
        const char *what =
            arena_printf(r->arena, "instance '%s'", shown(r->arena, written.text, m->name_size));
        ok = split_reference(r, &written, &d->implementation, &d->version);
        if (m->body)
            ok &= read_record(r, &schema_instance, m->body, what, m->span, NULL, d);
    }
    return ok ? d : NULL;
}

static int compare_cases(const void *pa, const void *pb)
{
    const struct word *a = pa, *b = pb;
    bool last_a = string_equal(a->text, "default"), last_b = string_equal(b->text, "default");
    return last_a != last_b ? last_a - last_b : strcmp(a->text, b->text);
}

/* The name of a case of a match: of a target, or a key's value. */
bool check_case(struct reader *r, const struct made *m, const struct entry *item)
{
    if (!named(r, item, "posix = ..., default = ..."))
        return false;
    if (!string_equal(m->name, "target") || string_equal(item->name, "default") ||
        target_find(item->name) != TARGET_COUNT)
        return true;
    const char *near = string_nearest(item->name, target_names, TARGET_COUNT);
    diag_error(r->diag, item->key, "there is no target '%s'", item->name);
    return near
               ? diag_help(r->diag, "did you mean '%s'?", near)
               : diag_help(r->diag, "targets are posix, kvm and xen, and 'default' for the others");
}

/* The table of a match whose name is good; NULL after reporting. */
const struct table *take_match(struct reader *r, const struct made *m, struct word *selector)
{
    *selector = (struct word){m->name, m->name_span};
    if (!check_clean(r, m->name, m->name_size, m->name_span) || !check_setting_path(r, selector))
        return NULL;
    if (!m->body || m->body->count == 0) {
        diag_error(r->diag, m->span, "match \"%s\" has no cases", m->name);
        diag_help(r->diag, "write: match \"%s\" { posix = ..., default = ... }", m->name);
        return NULL;
    }
    return m->body;
}

static const struct choice *read_match(struct reader *r, const struct made *m, struct choice *c)
{
    const struct table *t = take_match(r, m, &c->selector);
    if (!t)
        return NULL;
    VEC(struct match_case) cases = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        const struct choice *choice = check_case(r, m, item) ? read_choice(r, item) : NULL;
        ok &= choice != NULL;
        *vec_add(r->arena, &cases) = (struct match_case){{item->name, item->key}, choice};
    }
    if (!ok)
        return NULL;
    qsort(cases.items, cases.count, sizeof *cases.items, compare_cases);
    c->kind = CHOICE_MATCH;
    c->cases = cases.items;
    c->case_count = cases.count;
    return c;
}

static const struct choice *read_choice(struct reader *r, const struct entry *e)
{
    struct choice *c = arena_new(r->arena, struct choice);
    struct word w;
    c->span = e->value.span;
    if (!spend(r, c->span))
        return NULL;
    if (e->value.kind == VALUE_STRING) {
        c->kind = CHOICE_IMPLEMENTATION;
        return take_word(r, e, &w) && split_reference(r, &w, &c->implementation, &c->version)
                   ? c
                   : NULL;
    }
    if (is_form(e, FORM_instance) || is_form(e, FORM_embed)) {
        c->kind = CHOICE_INSTANCE;
        c->instance = read_instance(r, e->value.made);
        return c->instance ? c : NULL;
    }
    if (is_form(e, FORM_match))
        return read_match(r, e->value.made, c);
    wrong_type(r, e, "the name of an implementation, an instance, an embed or a match");
    if (is_form(e, FORM_sig))
        diag_help(r->diag,
                  "'requires' names signatures; 'choose' says which implementation fills one");
    return NULL;
}

bool read_choose(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "choices");
    if (!t)
        return false;
    VEC(struct chosen) list = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct chosen c = {.requirement = {item->name, item->key}};
        if (!named(r, item, "requirement = \"implementation\"") ||
            !(c.choice = read_choice(r, item)))
            ok = false;
        else
            *vec_add(r->arena, &list) = c;
    }
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, compare_word);
    store_list(rule, out, list.items, list.count);
    return ok;
}

/* ---- settings ---- */

struct settings {
    VEC(struct setting) list;
};

/* The spelling of a scalar. */
static bool take_scalar(struct reader *r, const struct entry *e, struct word *out)
{
    const struct value *v = &e->value;
    out->span = v->span;
    switch (v->kind) {
    case VALUE_BOOL:
        out->text = v->boolean ? "true" : "false";
        return true;
    case VALUE_INTEGER:
        out->text = arena_printf(r->arena, "%lld", (long long)v->integer);
        return true;
    case VALUE_FLOAT:
        if (v->real != floor(v->real) || fabs(v->real) > 9007199254740992.0)
            return wrong_type(r, e, "a whole number");
        out->text = arena_printf(r->arena, "%.0f", v->real);
        return true;
    case VALUE_STRING:
        if (v->size == 0) {
            out->text = "";
            return true;
        }
        return take_word(r, e, out);
    default:
        return wrong_type(r, e, "a string, a number, true, false, or a list or table of these");
    }
}

static bool join_list(struct reader *r, const struct entry *e, struct word *out)
{
    struct text joined = {};
    const struct table *t = e->value.table;
    bool ok = true;
    for (size_t i = 0; i < t->count && ok; i++) {
        struct word w;
        ok = spend(r, e->key) && take_scalar(r, &t->entries[i], &w);
        if (ok && (strchr(w.text, ',') || !*w.text))
            ok = diag_error(r->diag, w.span,
                            "an item of a list of settings is not empty and has no commas");
        if (ok)
            text_printf(&joined, "%s%s", i ? "," : "", w.text);
    }
    *out = (struct word){text_keep(&joined, r->arena), e->value.span};
    text_dispose(&joined);
    return ok;
}

static bool read_setting(struct reader *r, const struct entry *e, const char *prefix,
                         struct settings *out)
{
    if (!spend(r, e->key) || !named(r, e, "path = value"))
        return false;
    struct setting s = {
        .path = {prefix ? arena_printf(r->arena, "%s.%s", prefix, e->name) : e->name, e->key}};
    struct word own = {e->name, e->key};
    if (!check_setting_path(r, &own))
        return false;
    if (strlen(s.path.text) > 1000)
        return diag_error(r->diag, e->key, "the path of this setting is too long");
    bool ok = true;
    if (e->value.kind != VALUE_TABLE) {
        ok = take_scalar(r, e, &s.text);
    } else if (e->value.table->count == 0 || !e->value.table->entries[0].name) {
        ok = take_list(r, e, "values") && join_list(r, e, &s.text);
    } else {
        for (size_t i = 0; i < e->value.table->count; i++)
            ok &= read_setting(r, &e->value.table->entries[i], s.path.text, out);
        return ok;
    }
    if (ok)
        *vec_add(r->arena, &out->list) = s;
    return ok;
}

static int compare_settings(const void *pa, const void *pb)
{
    const struct setting *a = pa, *b = pb;
    int order = strcmp(a->path.text, b->path.text);
    return order                                   ? order
           : a->path.span.line < b->path.span.line ? -1
                                                   : a->path.span.line > b->path.span.line;
}

bool read_settings(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "settings");
    struct settings s = {};
    bool ok = true;
    if (!t)
        return false;
    for (size_t i = 0; i < t->count; i++)
        ok &= read_setting(r, &t->entries[i], NULL, &s);
    if (s.list.count)
        qsort(s.list.items, s.list.count, sizeof *s.list.items, compare_settings);
    for (size_t i = 1; i < s.list.count; i++) {
        if (!string_equal(s.list.items[i].path.text, s.list.items[i - 1].path.text))
            continue;
        ok = diag_error(r->diag, s.list.items[i].path.span, "'%s' is set twice",
                        s.list.items[i].path.text);
        diag_note(r->diag, s.list.items[i - 1].path.span, "first set here");
    }
    store_list(rule, out, s.list.items, s.list.count);
    return ok;
}

/* ---- where an implementation fits ---- */

bool read_targets(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct component *c = out; /* only components have this field */
    const struct table *t = take_list(r, e, "targets");
    if (!t)
        return false;
    VEC(struct word) words = {};
    bool ok = true;
    uint32_t bits = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct word w;
        if (!take_word(r, &t->entries[i], &w)) {
            ok = false;
            continue;
        }
        enum target target = target_find(w.text);
        if (target == TARGET_COUNT) {
            const char *near = string_nearest(w.text, target_names, TARGET_COUNT);
            ok = diag_error(r->diag, w.span, "there is no target '%s'",
                            shown(r->arena, w.text, strlen(w.text)));
            diag_help(r->diag, near ? "did you mean '%s'?" : "targets are posix, kvm and xen",
                      near);
            continue;
        }
        if (bits & 1u << target)
            ok = diag_error(r->diag, w.span, "target '%s' is listed twice", w.text);
        bits |= 1u << target;
        *vec_add(r->arena, &words) = w;
    }
    if (t->count == 0) {
        ok = diag_error(r->diag, e->value.span, "'targets' is empty: this would fit no target");
        diag_help(r->diag, "leave the field out for every target");
    }
    c->targets = bits;
    store_list(rule, out, words.items, words.count);
    return ok;
}

bool read_conditions(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "key values");
    if (!t)
        return false;
    VEC(struct condition) list = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct condition c = {.key = {item->name, item->key}};
        struct rule values = {.offset = offsetof(struct condition, values),
                              .count_offset = offsetof(struct condition, value_count)};
        struct word *one = arena_new(r->arena, struct word);
        if (!named(r, item, "key = \"value\"") || !check_setting_path(r, &c.key)) {
            ok = false;
        } else if (item->value.kind == VALUE_TABLE) {
            ok &= read_words(r, &values, item, &c);
            if (item->value.table->count == 0)
                ok = diag_error(r->diag, item->value.span,
                                "the list of values is empty: nothing could fit");
        } else {
            ok &= take_scalar(r, item, one);
            c.values = one;
            c.value_count = 1;
        }
        *vec_add(r->arena, &list) = c;
    }
    if (list.count && ok)
        qsort(list.items, list.count, sizeof *list.items, compare_word);
    store_list(rule, out, list.items, list.count);
    return ok;
}

/* ---- sources ---- */

/* Files of a match's case: one path or a list. */
static bool read_source_case(struct reader *r, const struct entry *item, struct source_case *c)
{
    struct rule list = {.offset = offsetof(struct source_case, paths),
                        .count_offset = offsetof(struct source_case, path_count)};
    struct table one = {.entries = item, .count = 1};
    struct entry wrapped = *item, position = *item;
    if (item->value.kind == VALUE_STRING) {
        position.name = NULL;
        position.position = 1;
        one.entries = &position;
        wrapped.value.kind = VALUE_TABLE;
        wrapped.value.table = &one;
    }
    return read_c_sources(r, &list, &wrapped, c);
}

static bool read_source_match(struct reader *r, const struct made *m, struct source_file *f)
{
    const struct table *t = take_match(r, m, &f->selector);
    if (!t)
        return false;
    VEC(struct source_case) cases = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct source_case c = {.value = {item->name, item->key}};
        if (check_case(r, m, item) && read_source_case(r, item, &c))
            *vec_add(r->arena, &cases) = c;
        else
            ok = false;
    }
    if (cases.count)
        qsort(cases.items, cases.count, sizeof *cases.items, compare_cases);
    f->cases = cases.items;
    f->case_count = cases.count;
    return ok;
}

bool read_sources(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table single = {.entries = e, .count = 1}, *t = &single;
    if (!is_form(e, FORM_match) && !(t = take_list(r, e, "paths")))
        return false;
    VEC(struct source_file) files = {};
    struct map seen = {};
    bool ok = true, afford = true;
    for (size_t i = 0; i < t->count && afford; i++) {
        const struct entry *item = &t->entries[i];
        struct source_file f = {0};
        struct source_case one = {0};
        afford = spend(r, item->value.span);
        if (is_form(item, FORM_match)) {
            ok &= read_source_match(r, item->value.made, &f);
        } else if (item->value.kind != VALUE_STRING) {
            ok = wrong_type(r, item, "a path or a match");
        } else if (read_source_case(r, item, &one)) {
            f.path = one.paths[0];
        } else {
            ok = false;
        }
        if (f.path.text && map_add(&seen, f.path.text, 0) != MAP_ABSENT)
            ok = diag_error(r->diag, f.path.span, "'%s' is listed twice", f.path.text);
        *vec_add(r->arena, &files) = f;
    }
    map_dispose(&seen);
    store_list(rule, out, files.items, files.count);
    return ok && afford;
}
