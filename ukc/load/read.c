/*
 * read.c - records by their rules, and the readers of simple fields.
 */
#include "read.h"

#include <math.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/text.h"

#define WORD_LONGEST 65536

static field_reader *const readers[] = {
#define X(name, text, lua) read_##name,
    FIELD_TYPES(X)
#undef X
};

/* ---- messages ---- */

const char *value_name(const struct value *v)
{
    static const char *const made[FORM_COUNT] = {"a unikernel",
                                                 "an implementation",
                                                 "a signature declaration",
                                                 "a target",
                                                 "an instance",
                                                 "a match",
                                                 "an embed",
                                                 "a debian import",
                                                 "a debian_source import",
                                                 "a git import",
                                                 "a first_of",
                                                 "a pkgconfig import",
                                                 "a signature",
                                                 "a key"};
    switch (v->kind) {
    case VALUE_NIL:
        return "nothing";
    case VALUE_BOOL:
        return v->boolean ? "true" : "false";
    case VALUE_INTEGER:
        return "a number";
    case VALUE_FLOAT:
        return !(fabs(v->real) < 9.2e18)   ? "one out of range"
               : v->real == floor(v->real) ? "a number"
                                           : "a fraction";
    case VALUE_STRING:
        return "a string";
    case VALUE_TABLE:
        return "a table";
    case VALUE_MADE:
        return made[v->made->form];
    case VALUE_OTHER:
        break;
    }
    return "a function";
}

const char *entry_name(struct reader *r, const struct entry *e)
{
    if (e->name)
        return arena_printf(r->arena, "'%s'", shown(r->arena, e->name, e->name_size));
    return arena_printf(r->arena, "item %lld", (long long)e->position);
}

/* A number or a truth value, written as a string. */
static bool is_quoted(const struct value *v, const char *wanted)
{
    if (v->kind != VALUE_STRING || !v->size)
        return false;
    if (string_equal(wanted, "true or false"))
        return string_equal(v->text, "true") || string_equal(v->text, "false");
    return (string_equal(wanted, "a whole number") || string_equal(wanted, "a number of bytes")) &&
           v->size < 20 && strspn(v->text, "0123456789") == v->size;
}

bool wrong_type(struct reader *r, const struct entry *e, const char *wanted)
{
    if (e->value.kind == VALUE_NIL) /* reported where it was made */
        return false;
    diag_error(r->diag, e->value.span, "%s takes %s, not %s", entry_name(r, e), wanted,
               value_name(&e->value));
    return is_quoted(&e->value, wanted) && diag_help(r->diag, "write it without quotes: %s", e->value.text);
}

bool spend(struct reader *r, struct span place)
{
    if (r->budget == 0)
        return false;
    if (--r->budget == 0)
        diag_error(r->diag, place, "this describes too many values: shared tables multiply here");
    return r->budget > 0;
}

/* ---- tables ---- */

const struct entry *table_get(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (string_equal(t->entries[i].name, name))
            return &t->entries[i];
    return NULL;
}

const struct table *take_list(struct reader *r, const struct entry *e, const char *of)
{
    if (e->value.kind != VALUE_TABLE) {
        wrong_type(r, e, arena_printf(r->arena, "a list of %s", of));
        const char *written = e->value.kind == VALUE_STRING ? shown(r->arena, e->value.text, e->value.size) : NULL;
        if (written && string_equal(of, "imports"))
            diag_help(r->diag, "a library of the host is written: { pkgconfig \"%s\" }", written);
        else if (written && string_equal(of, "signatures"))
            diag_help(r->diag, "write: sig.%s", written);
        else if (written)
            diag_help(r->diag, "write: { \"%s\" }", written);
        return NULL;
    }
    const struct table *t = e->value.table;
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *item = &t->entries[i];
        if (item->name) {
            diag_error(r->diag, item->key, "%s takes a list of %s; it has no field %s",
                       entry_name(r, e), of, entry_name(r, item));
            return NULL;
        }
        if (item->position < 1 || (uint64_t)item->position > t->count) {
            diag_error(r->diag, item->key,
                       "%s is a list with a hole: it has %zu items, and one is at %lld",
                       entry_name(r, e), t->count, (long long)item->position);
            return NULL;
        }
    }
    return t;
}

const struct table *take_map(struct reader *r, const struct entry *e, const char *of)
{
    if (e->value.kind != VALUE_TABLE) {
        wrong_type(r, e, arena_printf(r->arena, "a table of %s", of));
        return NULL;
    }
    return e->value.table;
}

void store_list(const struct rule *rule, void *out, const void *items, size_t count)
{
    memcpy((char *)out + rule->offset, &items, sizeof items);
    memcpy((char *)out + rule->count_offset, &count, sizeof count);
}

/* ---- records ---- */

static bool rule_fits(const struct rule *rule, const char *kind)
{
    return !kind || !rule->words || rule->type == FIELD_one_of ||
           word_in(NULL, rule->words, kind, NULL);
}

static const struct rule *find_rule(const struct schema *s, const struct entry *e, const char *kind)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct rule *rule = &s->rules[i];
        if (!rule_fits(rule, kind))
            continue;
        if (e->name ? string_equal(rule->name, e->name) && strlen(rule->name) == e->name_size
                    : string_equal(rule->name, "[...]") ||
                          (e->position == 1 && string_equal(rule->name, "[1]")))
            return rule;
    }
    return NULL;
}

/* "'provides' is a field of implementation" */
static bool help_elsewhere(struct reader *r, const char *name)
{
    static const struct schema *const others[] = {&schema_unikernel, &schema_implementation,
                                                  &schema_signature, &schema_target};
    struct text found = {};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (size_t j = 0; j < others[i]->count; j++)
            if (string_equal(others[i]->rules[j].name, name))
                text_printf(&found, "%s%s", found.size ? ", " : "", others[i]->name);
    bool any = found.size > 0;
    if (any)
        diag_help(r->diag, "'%s' is a field of: %s", name, text_string(&found));
    text_dispose(&found);
    return any;
}

/* Reports; the required field that was probably meant is not reported as missing too. */
static void unknown_field(struct reader *r, const struct schema *s, const struct entry *e,
                          const char *what, const char *kind, bool *seen)
{
    const char *names[40];
    size_t count = 0;
    for (size_t i = 0; i < s->count && count < 40; i++)
        if (s->rules[i].name[0] != '[' && rule_fits(&s->rules[i], kind))
            names[count++] = s->rules[i].name;
    if (!e->name) {
        diag_error(r->diag, e->value.span, "%s has named fields only", what);
        diag_help(r->diag, "write: field = value");
        return;
    }
    diag_error(r->diag, e->key, "%s has no field '%s'", what,
               shown(r->arena, e->name, e->name_size));
    const char *near = string_nearest(e->name, names, count);
    if (!near && help_elsewhere(r, e->name))
        return;
    if (!near)
        near = string_related(e->name, names, count); /* 'patch' of 'patches' */
    for (size_t i = 0; near && i < s->count; i++)
        seen[i] |= string_equal(s->rules[i].name, near);
    if (near) {
        diag_help(r->diag, "did you mean '%s'?", near);
        return;
    }
    if (count > 9) {
        diag_help(r->diag, "'ukc help manifest' lists the fields");
        return;
    }
    struct text all = {};
    for (size_t i = 0; i < count; i++)
        text_printf(&all, "%s%s", i ? ", " : "", names[i]);
    diag_help(r->diag, "its fields are: %s", text_string(&all));
    text_dispose(&all);
}

/* The positions of a record as a list of their own, for a rule "[...]". */
static struct entry positions_of(struct reader *r, const struct table *table, struct span place)
{
    struct table *list = arena_new(r->arena, struct table);
    struct entry *entries = arena_array(r->arena, struct entry, table->count);
    list->span = table->span;
    list->entries = entries;
    for (size_t i = 0; i < table->count; i++)
        if (!table->entries[i].name)
            entries[list->count++] = table->entries[i];
    return (struct entry){.name = "the list of words",
                          .name_size = 17,
                          .key = place,
                          .value = {.kind = VALUE_TABLE, .span = place, .table = list}};
}

bool read_record(struct reader *r, const struct schema *s, const struct table *table,
                 const char *what, struct span place, const char *kind, void *out)
{
    bool ok = true, positions = false;
    bool seen[40] = {false};
    for (size_t i = 0; i < table->count; i++) {
        const struct entry *e = &table->entries[i];
        const struct rule *rule = find_rule(s, e, kind);
        if (!rule) {
            unknown_field(r, s, e, what, kind, seen);
            ok = false;
            continue;
        }
        seen[rule - s->rules] = true;
        if (e->value.kind == VALUE_NIL || !spend(r, e->key)) {
            ok = false;
        } else if (!string_equal(rule->name, "[...]")) {
            ok &= readers[rule->type](r, rule, e, out);
        } else if (!positions) {
            struct entry list = positions_of(r, table, place);
            positions = true;
            ok &= readers[rule->type](r, rule, &list, out);
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        const struct rule *rule = &s->rules[i];
        if (!rule->required || seen[i] || !rule_fits(rule, kind))
            continue;
        ok = false;
        if (rule->name[0] == '[')
            diag_error(r->diag, place, "%s needs %s", what, rule->doc);
        else
            diag_error(r->diag, place, "%s has no '%s'", what, rule->name);
        if (rule->name[0] != '[')
            diag_help(r->diag, "'%s' is required: %s", rule->name, rule->doc);
    }
    return ok;
}

/* ---- words ---- */

bool check_clean(struct reader *r, const char *name, size_t size, struct span place)
{
    if (strlen(name) == size && string_is_clean_utf8(name, size))
        return true;
    return diag_error(r->diag, place,
                      "a name contains control characters or bytes that are not UTF-8");
}

bool take_word(struct reader *r, const struct entry *e, struct word *out)
{
    const struct value *v = &e->value;
    if (v->kind != VALUE_STRING)
        return wrong_type(r, e, "a string");
    if (v->size == 0)
        return diag_error(r->diag, v->span, "%s is empty", entry_name(r, e));
    if (v->size > WORD_LONGEST)
        return diag_error(r->diag, v->span, "%s is %zu bytes long; the limit is %d",
                          entry_name(r, e), v->size, WORD_LONGEST);
    if (strlen(v->text) != v->size || !string_is_clean_utf8(v->text, v->size))
        return diag_error(r->diag, v->span,
                          "%s contains control characters or bytes that are not UTF-8",
                          entry_name(r, e));
    *out = (struct word){v->text, v->span};
    return true;
}

static void store_word(const struct rule *rule, void *out, struct word w)
{
    memcpy((char *)out + rule->offset, &w, sizeof w);
}

/* The catalogue is ukc's own: it may be installed as links. */
bool check_links(struct reader *r, const struct word *w)
{
    if (r->importing || r->in_tree)
        return true;
    const char *out = file_leads_out(r->arena, r->directory, path_join(r->arena, r->directory, w->text));
    if (!out)
        return true;
    diag_error(r->diag, w->span, "the path '%s' leaves the directory of the manifest: a symbolic link leads to '%s'",
               shown(r->arena, w->text, strlen(w->text)), shown_within(r->arena, out, strlen(out), 400));
    return diag_help(r->diag, "bring another directory in with: use \"directory\"");
}

bool check_regular(struct reader *r, const struct word *w)
{
    const char *path = path_join(r->arena, r->directory, w->text);
    if (!file_exists(path) || file_is_regular(path)) /* one that is missing is reported where it is used */
        return true;
    return diag_error(r->diag, w->span, "'%s' is not a regular file", shown(r->arena, w->text, strlen(w->text)));
}

bool check_inside(struct reader *r, const struct word *w)
{
    if (path_is_inside(w->text))
        return check_links(r, w);
    diag_error(r->diag, w->span, "the path '%s' leaves the %s",
               shown(r->arena, w->text, strlen(w->text)),
               r->importing ? "package" : "directory of the manifest");
    if (w->text[0] == '/')
        return diag_help(r->diag, "write it relative to %s",
                         r->importing ? "the package's root" : "the manifest");
    return r->importing ? false
                        : diag_help(r->diag, "bring another directory in with: use \"directory\"");
}

bool read_text(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w))
        return false;
    store_word(rule, out, w);
    return true;
}

/* Prose: lines are joined, so that it may be written over several. */
bool read_doc(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    if (e->value.kind != VALUE_STRING)
        return wrong_type(r, e, "a string");
    struct entry joined = *e;
    char *text = arena_memdup(r->arena, e->value.text, e->value.size + 1), *to = text;
    for (const char *p = text; p < text + e->value.size; p++) {
        bool blank = *p == ' ' || *p == '\n' || *p == '\r' || *p == '\t';
        if (!blank)
            *to++ = *p;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > text && to[-1] == ' ')
        to--;
    joined.value.size = (size_t)(to - text);
    *to = '\0';
    joined.value.text = text;
    struct word w;
    if (!take_word(r, &joined, &w))
        return false;
    memcpy((char *)out + rule->offset, &w.text, sizeof w.text);
    return true;
}

bool read_version(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w)) {
        if (e->value.kind == VALUE_INTEGER || e->value.kind == VALUE_FLOAT)
            diag_help(r->diag, "a version is a string: \"1.0\"");
        return false;
    }
    if (!version_range_valid(arena_printf(r->arena, "= %s", w.text)) || strpbrk(w.text, " ,<>=!"))
        return diag_error(r->diag, w.span, "'%s' is not a version",
                          shown(r->arena, w.text, strlen(w.text)));
    store_word(rule, out, w);
    return true;
}

bool read_range(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w))
        return false;
    if (!version_range_valid(w.text)) {
        diag_error(r->diag, w.span, "'%s' is not a version range",
                   shown(r->arena, w.text, strlen(w.text)));
        return diag_help(r->diag, "write for example \">= 1.2\" or \">= 1.2, < 2\"");
    }
    store_word(rule, out, w);
    return true;
}

bool read_boolean(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    if (e->value.kind != VALUE_BOOL)
        return wrong_type(r, e, "true or false");
    memcpy((char *)out + rule->offset, &e->value.boolean, sizeof(bool));
    return true;
}

bool read_integer(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    if (e->value.kind != VALUE_INTEGER)
        return wrong_type(r, e, "a whole number");
    memcpy((char *)out + rule->offset, &e->value.integer, sizeof(int64_t));
    return true;
}

bool read_one_of(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    const char *near;
    if (!take_word(r, e, &w))
        return false;
    if (!word_in(r->arena, rule->words, w.text, &near)) {
        diag_error(r->diag, w.span, "%s cannot be '%s'; it is one of: %s", entry_name(r, e),
                   shown(r->arena, w.text, strlen(w.text)), rule->words);
        return near ? diag_help(r->diag, "did you mean '%s'?", near) : false;
    }
    memcpy((char *)out + rule->offset, &w.text, sizeof w.text);
    return true;
}

bool read_file(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w) || !check_inside(r, &w))
        return false;
    w.text = path_normal(r->arena, w.text);
    store_word(rule, out, w);
    return true;
}

bool read_header(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    struct word w;
    if (!take_word(r, e, &w) || !check_header_name(r, &w))
        return false;
    store_word(rule, out, w);
    return true;
}

/* ---- lists of words ---- */

typedef bool word_check(struct reader *, struct word *);

static bool read_list(struct reader *r, const struct rule *rule, const struct entry *e,
                      const char *of, word_check *check, void *out)
{
    const struct table *t = take_list(r, e, of);
    if (!t)
        return false;
    VEC(struct word) words = {};
    bool ok = true;
    for (size_t i = 0; i < t->count; i++) {
        struct word w;
        if (!spend(r, e->value.span))
            return false;
        if (take_word(r, &t->entries[i], &w) && (!check || check(r, &w)))
            *vec_add(r->arena, &words) = w;
        else
            ok = false;
    }
    store_list(rule, out, words.items, words.count);
    return ok;
}

static bool check_path(struct reader *r, struct word *w)
{
    if (!check_inside(r, w))
        return false;
    w->text = path_normal(r->arena, w->text);
    return true;
}

static bool check_c_source(struct reader *r, struct word *w)
{
    const char *extension = path_extension(w->text);
    if (!check_path(r, w))
        return false;
    if (string_equal(extension, ".c") || string_equal(extension, ".S") ||
        string_equal(extension, ".s"))
        return r->importing || check_regular(r, w);
    diag_error(r->diag, w->span, "'%s' is not a C or assembler source",
               shown(r->arena, w->text, strlen(w->text)));
    return diag_help(r->diag, string_equal(extension, ".h") ? "headers need not be listed"
                                                            : "sources end with .c, .S or .s");
}

static bool check_object(struct reader *r, struct word *w)
{
    if (string_is_identifier(w->text))
        return true;
    diag_error(r->diag, w->span, "'%s' is not a C identifier",
               shown(r->arena, w->text, strlen(w->text)));
    return diag_help(r->diag,
                     "an object is the tag of an abstract struct, in full: \"stack_flow\"");
}

static bool check_conflict(struct reader *r, struct word *w)
{
    struct word name, range;
    return split_reference(r, w, &name, &range);
}

bool read_words(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    return read_list(r, rule, e, "strings", NULL, out);
}

bool read_paths(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    return read_list(r, rule, e, "paths", check_path, out);
}

bool read_c_sources(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    return read_list(r, rule, e, "paths", check_c_source, out);
}

bool read_objects(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    return read_list(r, rule, e, "C identifiers", check_object, out);
}

bool read_conflicts(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    return read_list(r, rule, e, "implementation names", check_conflict, out);
}

bool read_flags(struct reader *r, const struct rule *rule, const struct entry *e, void *out)
{
    return read_list(r, rule, e, "compiler flags", check_flag, out);
}
