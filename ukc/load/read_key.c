/*
 * read_key.c - key declarations: key.port { default = 8080, doc = "..." }.
 */
#include "read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/map.h"
#include "../base/text.h"
#include "drafts.h"

/* ---- fields ---- */

bool read_value(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    (void)r;
    memcpy((char *)out + rule->offset, &e, sizeof e);
    return true;
}

bool read_limit(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct key_draft *draft = out;
    const char *help;
    int64_t n = e->value.integer;
    if (draft->key.kind == KEY_KIND_size && e->value.kind == VALUE_STRING) {
        struct word w;
        if (!take_word(r, e, &w))
            return false;
        if (!parse_size(w.text, &n, &help)) {
            diag_error(r->diag, w.span,
                       "%s takes a number of bytes such as 512, 64KiB, 2MiB or 1GiB, not '%s'",
                       entry_name(r, e), shown(r->arena, w.text, strlen(w.text)));
            return help ? diag_help(r->diag, "%s", help) : false;
        }
    } else if (e->value.kind != VALUE_INTEGER) {
        return wrong_type(
            r, e, draft->key.kind == KEY_KIND_size ? "a number of bytes" : "a whole number");
    }
    memcpy((char *)out + rule->offset, &n, sizeof n);
    return true;
}

/* The name that a word gets in C: two words must not become the same. */
static const char *macro_name(struct arena *a, const char *word)
{
    char *out = arena_strdup(a, word);
    for (char *p = out; *p; p++)
        *p = *p == '-' || *p == '.' ? '_' : (char)toupper((unsigned char)*p);
    return out;
}

bool read_choices(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = e->value.table;
    VEC(struct word) words = {};
    struct map seen = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        struct word w;
        if (!take_word(r, &t->entries[i], &w) || !check_reference(r, &w, "a word of an enum")) {
            ok = false;
            continue;
        }
        if (map_add(&seen, macro_name(r->arena, w.text), 0) != MAP_ABSENT)
            ok = diag_error(r->diag, w.span, "the word '%s' is listed twice", w.text);
        *vec_add(r->arena, &words) = w;
    }
    map_dispose(&seen);
    store_list(rule, out, words.items, words.count);
    return ok;
}

/* ---- defaults ---- */

/* The spelling of a default, when its Lua type is the right one. */
static const char *default_text(struct reader *r, enum key_kind kind, const struct entry *e)
{
    const struct value *v = &e->value;
    struct word w;
    switch (kind) {
    case KEY_KIND_bool:
        if (v->kind == VALUE_BOOL)
            return v->boolean ? "true" : "false";
        wrong_type(r, e, "true or false");
        return NULL;
    case KEY_KIND_integer:
    case KEY_KIND_port:
    case KEY_KIND_size:
        if (v->kind == VALUE_INTEGER)
            return arena_printf(r->arena, "%lld", (long long)v->integer);
        if (kind == KEY_KIND_size && v->kind == VALUE_STRING)
            break;
        wrong_type(r, e, kind == KEY_KIND_size ? "a number of bytes" : "a whole number");
        return NULL;
    default:
        break;
    }
    if (kind == KEY_KIND_string && v->kind == VALUE_STRING && v->size == 0)
        return "";
    return take_word(r, e, &w) ? w.text : NULL;
}

static const struct key_value *default_list(struct reader *r, const struct key *key,
                                            const struct entry *e)
{
    const struct table *t = take_list(r, e, "values");
    if (!t)
        return NULL;
    struct key element = *key;
    element.kind = key->element;
    VEC(struct key_value) items = {};
    struct text joined = {};
    for (size_t i = 0; i < t->count && spend(r, e->key); i++) {
        const struct entry *item = &t->entries[i];
        const char *text = default_text(r, key->element, item);
        const struct key_value *v =
            text ? key_parse(r->arena, &element, text, item->value.span, r->diag) : NULL;
        if (v && (strchr(v->text, ',') || !*v->text)) {
            diag_error(r->diag, item->value.span,
                       "an item of a list is not empty and has no commas");
            v = NULL;
        }
        if (v) {
            text_printf(&joined, "%s%s", items.count ? "," : "", v->text);
            *vec_add(r->arena, &items) = *v;
        }
    }
    struct key_value *list = arena_new(r->arena, struct key_value);
    *list = (struct key_value){
        .text = text_keep(&joined, r->arena), .items = items.items, .item_count = items.count};
    text_dispose(&joined);
    return items.count == t->count ? list : NULL;
}

static bool one_default(struct reader *r, const struct key *key, const struct entry *e, struct key_default *out)
{
    out->span = e->value.span;
    if (key->kind == KEY_KIND_list) {
        out->value = default_list(r, key, e);
    } else {
        const char *text = default_text(r, key->kind, e);
        out->value = text ? key_parse(r->arena, key, text, out->span, r->diag) : NULL;
    }
    return out->value != NULL;
}

/* default = match "target" { kvm = ..., default = ... }: a target without a case has no default. */
static bool defaults_by_target(struct reader *r, struct key *key, const struct made *m)
{
    struct word selector;
    const struct table *t = take_match(r, m, &selector);
    if (!t)
        return false;
    if (!string_equal(selector.text, "target")) {
        diag_error(r->diag, selector.span, "a default depends on the target, or on nothing");
        return diag_help(r->diag, "write: default = match \"target\" { kvm = ..., default = ... }");
    }
    const struct entry *others = NULL;
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        struct key_default value;
        if (!check_case(r, m, item) || !one_default(r, key, item, &value)) {
            ok = false;
        } else if (string_equal(item->name, "default")) {
            others = item;
        } else {
            key->defaults[target_find(item->name)] = value;
        }
    }
    for (int i = 0; ok && others && i < TARGET_COUNT; i++)
        if (!key->defaults[i].value)
            ok = one_default(r, key, others, &key->defaults[i]);
    return ok;
}

static bool set_default(struct reader *r, struct key_draft *draft)
{
    struct key *key = &draft->key;
    const struct entry *e = draft->value;
    if (!e)
        return true;
    if (e->value.kind == VALUE_MADE && e->value.made->form == FORM_match)
        return defaults_by_target(r, key, e->value.made);
    bool ok = one_default(r, key, e, &key->defaults[0]);
    for (int i = 1; i < TARGET_COUNT; i++)
        key->defaults[i] = key->defaults[0];
    return ok;
}

/* ---- keys ---- */

static bool read_kind(struct reader *r, const struct made *m, struct key_draft *draft)
{
    struct key *key = &draft->key;
    for (int i = 0; i < KEY_KIND_COUNT; i++)
        if (string_equal(key_kind_names[i], m->name))
            key->kind = (enum key_kind)i; /* the name was checked when it was made */
    if (m->body)
        return true;
    diag_error(r->diag, m->span, "key.%s needs its fields", m->name);
    return diag_help(r->diag, "write: key.%s { doc = \"what it is for\" }", m->name);
}

/* of = key.ipv4 {}: takes over kind, range and words. */
static bool read_element(struct reader *r, struct key_draft *draft)
{
    const struct entry *e = draft->of;
    if (!e)
        return true; /* reported as missing */
    if (e->value.kind != VALUE_MADE || e->value.made->form != FORM_key) {
        wrong_type(r, e, "a key");
        return diag_help(r->diag, "write: of = key.ipv4 {}");
    }
    const struct made *m = e->value.made;
    struct key_draft element = {.key = {.min = INT64_MIN, .max = INT64_MAX}, .element = true};
    if (!read_kind(r, m, &element))
        return false;
    if (element.key.kind == KEY_KIND_list)
        return diag_error(r->diag, e->value.span, "a list cannot hold lists");
    const char *what = arena_printf(r->arena, "key.%s", m->name);
    bool ok = true;
    for (size_t i = 0; i < m->body->count; i++) {
        const char *name = m->body->entries[i].name;
        if (name && !string_equal(name, "min") && !string_equal(name, "max"))
            ok = diag_error(r->diag, m->body->entries[i].key,
                            "'%s' belongs to the list, not to its items",
                            shown(r->arena, name, strlen(name)));
    }
    struct table body = *m->body;
    struct entry *entries = arena_array(r->arena, struct entry, body.count + 1);
    memcpy(entries, body.entries, body.count * sizeof *entries);
    static const char doc[] = "item"; /* an item needs no text of its own */
    entries[body.count++] = (struct entry){
        .name = "doc", .name_size = 3, .value = {.kind = VALUE_STRING, .text = doc, .size = 4}};
    body.entries = entries;
    if (!ok || !read_record(r, &schema_key, &body, what, m->span, m->name, &element))
        return false;
    draft->key.element = element.key.kind;
    draft->key.min = element.key.min;
    draft->key.max = element.key.max;
    draft->key.choices = element.key.choices;
    draft->key.choice_count = element.key.choice_count;
    return true;
}

/* A budget that is given is at least 1, and what is within another has one. */
static bool check_budget(struct reader *r, const struct table *body, const struct key *key, const char *what, struct span span)
{
    const struct entry *given = NULL;
    for (size_t i = 0; i < body->count; i++)
        if (string_equal(body->entries[i].name, "budget"))
            given = &body->entries[i];
    if (given ? key->budget > 0 : !key->within.text)
        return true;
    diag_error(r->diag, given ? given->value.span : span, "%s needs a 'budget' of at least 1", what);
    diag_help(r->diag, "it is the number of bytes of memory that each takes");
    return given && !key->budget && !key->within.text && diag_help(r->diag, "without 'budget' nothing is said of memory");
}

static bool read_key(struct reader *r, const struct entry *e, struct key *out)
{
    struct key_draft draft = {
        .phase = "configure",
        .key = {.name = {e->name, e->key}, .min = INT64_MIN, .max = INT64_MAX}};
    if (e->value.kind != VALUE_MADE || e->value.made->form != FORM_key) {
        wrong_type(r, e, "a key");
        if (e->value.kind != VALUE_NIL)
            diag_help(
                r->diag,
                "write for example: %s = key.integer { default = 1, doc = \"what it is for\" }",
                e->name);
        return false;
    }
    const struct made *m = e->value.made;
    if (!read_kind(r, m, &draft))
        return false;
    if (draft.key.kind == KEY_KIND_size)
        draft.key.min = 0;
    const char *what = arena_printf(r->arena, "key '%s'", e->name);
    bool ok = read_record(r, &schema_key, m->body, what, e->key, m->name, &draft);
    if (draft.key.kind == KEY_KIND_list)
        ok &= read_element(r, &draft);
    if (draft.key.min > draft.key.max)
        ok = diag_error(r->diag, e->key, "%s has a 'min' of %lld above its 'max' of %lld", what, (long long)draft.key.min,
                        (long long)draft.key.max);
    ok = ok && check_budget(r, m->body, &draft.key, what, e->key);
    draft.key.phase = string_equal(draft.phase, "boot")   ? KEY_BOOT
                      : string_equal(draft.phase, "both") ? KEY_BOTH
                                                          : KEY_CONFIGURE;
    if (ok)
        ok = set_default(r, &draft);
    *out = draft.key;
    return ok;
}

static int compare_key(const void *a, const void *b)
{
    return strcmp(((const struct key *)a)->name.text, ((const struct key *)b)->name.text);
}

/* They are sorted. */
static const struct key *key_beside(const struct key *keys, size_t count, const char *name)
{
    return bsearch(&(struct key){.name.text = name}, keys, count, sizeof *keys, compare_key);
}

/* within = "memory": a size of the same table, whose budget is a whole. */
static bool check_within(struct reader *r, const struct key *keys, size_t count)
{
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        const struct word *within = &keys[i].within;
        const struct key *whole = within->text ? key_beside(keys, count, within->text) : NULL;
        if (!within->text || (whole && whole->kind == KEY_KIND_size && whole->budget && !whole->within.text))
            continue;
        ok = diag_error(r->diag, within->span, "'within' of key '%s' takes the name of a size with a budget that is within no other, not '%s'", keys[i].name.text,
                        shown(r->arena, within->text, strlen(within->text)));
    }
    return ok;
}

/* One condition of `when`: a key beside it that is fixed at configure time and has none itself, with values that it can have. */
static bool check_condition(struct reader *r, const struct key *key, const struct condition *c, const struct key *other)
{
    if (!other || other == key || other->phase != KEY_CONFIGURE || other->condition_count || other->kind == KEY_KIND_list)
        return diag_error(r->diag, c->key.span, "'when' of key '%s' takes keys beside it that are fixed at configure time, without a 'when' of their own; not '%s'",
                          key->name.text, shown(r->arena, c->key.text, strlen(c->key.text)));
    bool ok = true;
    for (size_t v = 0; v < c->value_count; v++)
        ok &= key_parse(r->arena, other, c->values[v].text, c->values[v].span, r->diag) != NULL;
    return ok;
}

static bool check_conditions(struct reader *r, const struct key *keys, size_t count)
{
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        if (keys[i].condition_count && !keys[i].defaults[0].value) {
            ok = diag_error(r->diag, keys[i].name.span, "key '%s' has a 'when' and no default", keys[i].name.text);
            diag_help(r->diag, "the default is its value where it is not used");
        }
        for (size_t c = 0; c < keys[i].condition_count; c++)
            ok &= check_condition(r, &keys[i], &keys[i].conditions[c], key_beside(keys, count, keys[i].conditions[c].key.text));
    }
    return ok;
}

bool read_key_table(struct reader *r, const struct table *t, const struct key **keys, size_t *count)
{
    VEC(struct key) list = {};
    struct map seen = {};
    bool ok = true;
    for (size_t i = 0; i < t->count && spend(r, t->entries[i].key); i++) {
        const struct entry *e = &t->entries[i];
        struct word name = {e->name, e->key};
        struct key key;
        if (!e->name) {
            ok = diag_error(r->diag, e->value.span, "a key needs a name");
            diag_help(r->diag, "write: name = key.integer { ... }");
            continue;
        }
        if (!check_clean(r, e->name, e->name_size, e->key) || !check_key_name(r, &name) ||
            !read_key(r, e, &key)) {
            ok = false;
            continue;
        }
        uint32_t other = map_add(&seen, macro_name(r->arena, e->name), (uint32_t)list.count);
        if (other != MAP_ABSENT) {
            ok = diag_error(r->diag, e->key, "key '%s' has the same name in C as key '%s'", e->name,
                            list.items[other].name.text);
            diag_note(r->diag, list.items[other].name.span, "declared here");
        }
        *vec_add(r->arena, &list) = key;
    }
    map_dispose(&seen);
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, compare_key);
    *keys = list.items;
    *count = list.count;
    return ok && check_within(r, list.items, list.count) && check_conditions(r, list.items, list.count);
}

bool read_keys(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    const struct table *t = take_map(r, e, "keys");
    const struct key *keys = NULL;
    size_t count = 0;
    bool ok = t && read_key_table(r, t, &keys, &count);
    store_list(rule, out, keys, count);
    return ok;
}
