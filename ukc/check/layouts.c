/*
 * layouts.c - structs, unions and enums that an implementation declares anew
 * must have the signature's layout: the caller fills in one, the callee reads the other.
 */
#include <inttypes.h>
#include <string.h>

#include "types.h"

const char *type_expected(const struct matching *m, struct type_use left, bool canonical)
{
    struct text t = {};
    (canonical ? type_print_canonical(&t, m->contract->interface, left, m->names)
               : type_print_whole(&t, m->contract->interface, left, "", m->names));
    const char *kept = text_keep(&t, m->arena);
    text_dispose(&t);
    return kept;
}

const char *type_found(const struct matching *m, struct type_use right, bool canonical)
{
    struct text t = {};
    (canonical ? type_print_canonical(&t, m->right, right, NULL) : type_print_whole(&t, m->right, right, "", NULL));
    const char *kept = text_keep(&t, m->arena);
    text_dispose(&t);
    return kept;
}

/* An object written with the signature's own name. */
static bool explain_object(const struct matching *m, struct diag *d)
{
    const struct type *l = type_of(m->contract->interface, m->left_use);
    const struct declaration *r = type_declaration(m->right, m->right_use);
    if (l->kind != TYPE_named || !r || m->contract->roles[l->declaration] == ROLE_SHARED)
        return false;
    const struct declaration *object = &m->contract->interface->declarations[l->declaration];
    if (strcmp(object->name, r->name))
        return false;
    const char *kind = declaration_kind_names[object->kind];
    if (m->contract->roles[l->declaration] == ROLE_OBJECT)
        diag_help(d, "'struct %s' is abstract in signature '%s': an implementation has its own, 'struct %s'", object->name,
                  m->contract->signature->name.text, m->names[l->declaration]);
    else
        diag_help(d, "'%s %s' mentions an object of signature '%s': an implementation declares its own, '%s %s'", kind, object->name,
                  m->contract->signature->name.text, kind, m->names[l->declaration]);
    return true;
}

void explain_difference(const struct matching *m, struct span span, struct diag *d)
{
    if (!m->differs || explain_object(m, d))
        return;
    const char *expected = type_expected(m, m->left_use, true), *found = type_found(m, m->right_use, true);
    if (*m->where)
        diag_note(d, span, "in %s: '%s' here, '%s' in the signature", m->where, found, expected);
    else if (!m->only_qualifiers && (strcmp(expected, type_expected(m, m->left_written, false)) ||
                                     strcmp(found, type_found(m, m->right_written, false))))
        diag_note(d, span, "that is '%s' here, '%s' in the signature", found, expected);
}

struct layout_check {
    struct matching *matching;
    struct sources *sources;
    struct diag *diag;
    const struct declaration_pair *pair;
    const char *left_name, *right_name; /* "struct block_info" */
};

static const char *full_name(struct arena *a, const struct declaration *d)
{
    return arena_printf(a, "%s %s", declaration_kind_names[d->kind], d->name);
}

/* The note at the signature's place, and the operation that led here. */
static bool notes(const struct layout_check *c, struct place left)
{
    const struct matching *m = c->matching;
    diag_note(c->diag, sources_place(c->sources, m->contract->interface, left), "signature '%s' declares '%s' here",
              m->contract->signature->name.text, c->left_name);
    if (c->pair->function)
        diag_note(c->diag, sources_place(c->sources, m->right, c->pair->function->place), "used by '%s'", c->pair->function->name);
    return false;
}

static struct span right_span(const struct layout_check *c, struct place place)
{
    return sources_place(c->sources, c->matching->right, place);
}

static bool lacks_or_adds(const struct layout_check *c, size_t at)
{
    const struct declaration *l = c->pair->left, *r = c->pair->right;
    const char *thing = l->kind == DECLARATION_enum ? "constant" : "member";
    if (at >= r->member_count) {
        diag_error(c->diag, right_span(c, r->place), "'%s' lacks the %s '%s' of '%s'", c->right_name, thing, l->members[at].name,
                   c->left_name);
        return notes(c, l->members[at].place);
    }
    diag_error(c->diag, right_span(c, r->members[at].place), "'%s' has a %s '%s', which '%s' has not", c->right_name, thing,
               r->members[at].name, c->left_name);
    return notes(c, l->place);
}

static const char *shown(struct arena *a, const char *name)
{
    return *name ? arena_printf(a, "'%s'", name) : "unnamed";
}

static bool member_matches(const struct layout_check *c, size_t at)
{
    struct matching *m = c->matching;
    const struct member *l = &c->pair->left->members[at], *r = &c->pair->right->members[at];
    struct span span = right_span(c, r->place);
    if (strcmp(l->name, r->name)) {
        diag_error(c->diag, span, "member %zu of '%s' is %s, of '%s' it is %s", at + 1, c->right_name, shown(m->arena, r->name),
                   c->left_name, shown(m->arena, l->name));
        return notes(c, l->place);
    }
    if (!types_match(m, l->type, r->type)) {
        const char *what = *l->name ? arena_printf(m->arena, "member '%s'", l->name) : arena_printf(m->arena, "member %zu", at + 1);
        diag_error(c->diag, span, "%s of '%s' is '%s', of '%s' it is '%s'", what, c->right_name, type_found(m, r->type, false),
                   c->left_name, type_expected(m, l->type, false));
        explain_difference(m, span, c->diag);
        return notes(c, l->place);
    }
    if (l->width != r->width) {
        diag_error(c->diag, span, "bit-field %s of '%s' differs in width from that of '%s'", shown(m->arena, l->name), c->right_name,
                   c->left_name);
        return notes(c, l->place);
    }
    if (l->value != r->value) {
        diag_error(c->diag, span, "member %s of '%s' is at bit %" PRId64 ", of '%s' at bit %" PRId64, shown(m->arena, l->name),
                   c->right_name, r->value, c->left_name, l->value);
        return notes(c, l->place);
    }
    return true;
}

static bool record_matches(const struct layout_check *c)
{
    const struct declaration *l = c->pair->left, *r = c->pair->right;
    for (size_t i = 0; i < l->member_count && i < r->member_count; i++)
        if (!member_matches(c, i))
            return false;
    if (l->member_count != r->member_count)
        return lacks_or_adds(c, l->member_count < r->member_count ? l->member_count : r->member_count);
    if (l->size == r->size && l->alignment == r->alignment)
        return true;
    diag_error(c->diag, right_span(c, r->place),
               "'%s' has %" PRId64 " bytes with alignment %" PRId64 ", '%s' has %" PRId64 " with alignment %" PRId64, c->right_name,
               r->size, r->alignment, c->left_name, l->size, l->alignment);
    return notes(c, l->place);
}

static bool enum_matches(const struct layout_check *c)
{
    struct matching *m = c->matching;
    const struct declaration *l = c->pair->left, *r = c->pair->right;
    for (size_t i = 0; i < l->member_count && i < r->member_count; i++) {
        const struct member *a = &l->members[i], *b = &r->members[i];
        struct span span = right_span(c, b->place);
        if (!constants_match(m, a->name, b->name)) {
            diag_error(c->diag, span, "constant %zu of '%s' is '%s', of '%s' it is '%s'", i + 1, c->right_name, b->name, c->left_name,
                       a->name);
            return notes(c, a->place);
        }
        if (a->value != b->value) {
            diag_error(c->diag, span, "constant '%s' is %" PRId64 ", '%s' is %" PRId64, b->name, b->value, a->name, a->value);
            return notes(c, a->place);
        }
    }
    if (l->member_count != r->member_count)
        return lacks_or_adds(c, l->member_count < r->member_count ? l->member_count : r->member_count);
    if (types_match(m, l->of, r->of))
        return true;
    diag_error(c->diag, right_span(c, r->place), "'%s' is a '%s', '%s' is a '%s'", c->right_name, type_found(m, r->of, false),
               c->left_name, type_expected(m, l->of, false));
    return notes(c, l->place);
}

static bool contents_match(const struct layout_check *c)
{
    const struct declaration *l = c->pair->left, *r = c->pair->right;
    /* a forward declaration of the signature's own type is enough: whoever uses it includes the signature's header */
    if (!l->complete || (!r->complete && !strcmp(l->name, r->name)))
        return true;
    if (!r->complete) {
        diag_error(c->diag, right_span(c, r->place), "'%s' is not defined, and '%s' is", c->right_name, c->left_name);
        return notes(c, l->place);
    }
    return l->kind == DECLARATION_enum ? enum_matches(c) : record_matches(c);
}

bool layouts_match(struct matching *m, struct sources *sources, struct diag *d)
{
    bool good = true;
    for (size_t i = 0; i < m->pairs.count; i++) {
        struct declaration_pair pair = m->pairs.items[i];
        m->function = pair.function; /* pairs found on the way belong to the same operation */
        struct layout_check c = {m, sources, d, &pair, full_name(m->arena, pair.left), full_name(m->arena, pair.right)};
        good &= contents_match(&c);
    }
    return good;
}
