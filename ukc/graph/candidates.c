/*
 * candidates.c - what an explicit choice names: implementations and declared
 * instances, each below the cases of any match it stands in.
 */
#include <string.h>

#include "../base/text.h"
#include "build.h"

struct flattening {
    struct builder *b;
    const struct component *owner;
    const struct hole *hole;
    candidate_list list;
};

static void help_provided(struct flattening *f)
{
    struct builder *b = f->b;
    const char *wanted = f->hole->signature->name.text;
    struct text fit = {};
    size_t count = 0;
    for (size_t i = 0; i < b->manifest->implementation_count && count < 8; i++) {
        const struct component *x = &b->manifest->implementations[i];
        bool again = i && !strcmp(x->name.text, x[-1].name.text);
        if (!again && component_provides(x, wanted))
            text_printf(&fit, "%s%s%s", count++ ? ", " : "", x->name.text, component_needs_directory(x) ? " \"DIR\"" : "");
    }
    if (count)
        diag_help(b->diag, "these provide %s: %s", wanted, text_string(&fit));
    text_dispose(&fit);
}

static void report_not_provided(struct flattening *f, const struct word *name, const struct component *c)
{
    struct builder *b = f->b;
    const char *wanted = f->hole->signature->name.text;
    struct text has = {};
    for (size_t i = 0; i < c->provides_count; i++)
        text_printf(&has, "%s%s", i ? ", " : "", c->provides[i].text);
    diag_error(b->diag, name->span, "'%s' provides %s, but '%s' requires %s", name->text,
               has.size ? text_string(&has) : "nothing", f->hole->requirement->name.text, wanted);
    text_dispose(&has);
    diag_note(b->diag, f->hole->requirement->signature.span, "required here");
    help_provided(f);
}

static void report_no_version(struct flattening *f, struct word name, struct word range, struct versions v)
{
    struct text has = {};
    for (size_t i = 0; i < v.count; i++) {
        const struct component *c = &f->b->manifest->implementations[v.first + i];
        text_printf(&has, "%s%s", i ? ", " : "", c->version.text ? c->version.text : "no version");
    }
    diag_error(f->b->diag, range.span, "no version of '%s' is %s", name.text, range.text);
    diag_help(f->b->diag, "the catalogue has %s", text_string(&has));
    text_dispose(&has);
}

/* The nodes of a declared instance, made when it is first met. */
static struct declared declare(struct flattening *f, const struct instance_decl *decl, struct versions v)
{
    struct builder *b = f->b;
    while (b->declared.count <= decl->id)
        *vec_add(b->arena, &b->declared) = (struct declared){};
    if (b->declared.items[decl->id].known)
        return b->declared.items[decl->id];
    struct declared made = {.known = true, .first = (uint32_t)b->nodes.count};
    for (size_t i = 0; i < v.count; i++) {
        const struct component *c = &b->manifest->implementations[v.first + i];
        if (!component_in_range(c, decl->version))
            continue;
        node_add(b, c, decl);
        made.count++;
    }
    return b->declared.items[decl->id] = made;
}

static void report_no_directory(struct flattening *f, const struct word *name)
{
    diag_error(f->b->diag, name->span, "'%s' needs the directory whose files it holds", name->text);
    diag_help(f->b->diag, "write %s \"DIR\"", name->text);
}

/* The versions of `name` that provide the hole's signature and are in range; reports when there are none. */
static struct versions fitting(struct flattening *f, struct word name, struct word range, bool directory)
{
    struct builder *b = f->b;
    struct versions none = {}, v = versions_require(b->arena, b->manifest, name, b->diag);
    if (!v.count) {
        help_provided(f);
        return none;
    }
    const struct component *c = &b->manifest->implementations[v.first];
    if (!component_provides(c, f->hole->signature->name.text)) {
        report_not_provided(f, &name, c);
        return none;
    }
    if (!directory && component_needs_directory(c)) {
        report_no_directory(f, &name);
        return none;
    }
    for (size_t i = 0; i < v.count; i++)
        if (component_in_range(&c[i], range))
            return v;
    report_no_version(f, name, range, v);
    return none;
}

static void add(struct flattening *f, const struct choice *choice, const struct guard *guard, node_id node)
{
    struct candidate c = {.node = node, .span = choice->span, .guard = guard, .explicit = true};
    if (guard) {
        c.selector = guard->selector->match->selector;
        c.value = guard->selector->match->cases[guard->at].value;
    }
    *vec_add(f->b->arena, &f->list) = c;
}

static void flatten(struct flattening *f, const struct choice *, const struct guard *outer);

static bool check_target(struct builder *b, struct word value)
{
    if (target_find(value.text) != TARGET_COUNT)
        return true;
    diag_error(b->diag, value.span, "there is no target '%s'", value.text);
    const char *near = string_nearest(value.text, target_names, TARGET_COUNT);
    if (near)
        diag_help(b->diag, "did you mean '%s'?", near);
    return false;
}

static const struct selector *selector_make(struct flattening *f, const struct choice *match)
{
    struct builder *b = f->b;
    struct deciding_key k = deciding_find(b->arena, b->manifest, f->owner, match->selector, true, b->diag);
    if (!k.found)
        return NULL;
    const char **values = arena_array(b->arena, const char *, match->case_count);
    for (size_t i = 0; i < match->case_count; i++) {
        struct word v = match->cases[i].value;
        if (!strcmp(v.text, "default"))
            continue;
        values[i] = v.text;
        if (k.target) {
            (void)check_target(b, v);
            continue;
        }
        const struct key_value *parsed = key_parse(b->arena, k.key, v.text, v.span, b->diag);
        if (parsed)
            values[i] = parsed->text;
    }
    struct selector *s = arena_new(b->arena, struct selector);
    *s = (struct selector){.match = match, .key = k.key, .signature = k.signature, .values = values};
    return s;
}

static void flatten_match(struct flattening *f, const struct choice *match, const struct guard *outer)
{
    const struct selector *s = selector_make(f, match);
    for (size_t i = 0; s && i < match->case_count; i++) {
        struct guard *g = arena_new(f->b->arena, struct guard);
        *g = (struct guard){.selector = s, .at = i, .outer = outer};
        flatten(f, match->cases[i].choice, g);
    }
}

static void flatten(struct flattening *f, const struct choice *choice, const struct guard *outer)
{
    switch (choice->kind) {
    case CHOICE_MATCH:
        flatten_match(f, choice, outer);
        break;
    case CHOICE_IMPLEMENTATION: {
        struct versions v = fitting(f, choice->implementation, choice->version, false);
        for (size_t i = 0; i < v.count; i++)
            if (component_in_range(&f->b->manifest->implementations[v.first + i], choice->version))
                add(f, choice, outer, node_open(f->b, v.first + i));
        break;
    }
    case CHOICE_INSTANCE: {
        const struct instance_decl *decl = choice->instance;
        struct versions v = fitting(f, decl->implementation, decl->version, decl->embed.text);
        struct declared nodes = v.count ? declare(f, decl, v) : (struct declared){};
        for (uint32_t i = 0; i < nodes.count; i++)
            add(f, choice, outer, (node_id){nodes.first + i});
        break;
    }
    }
}

void choice_candidates(struct builder *b, const struct component *owner, struct hole *h)
{
    struct flattening f = {.b = b, .owner = owner, .hole = h};
    flatten(&f, h->choice, NULL);
    h->candidates = f.list.items;
    h->candidate_count = f.list.count;
}
