/*
 * types.c - are two types the same, in the eyes of a signature?
 *
 * Structs, unions and enums with a tag are only matched by name here and put on a
 * list; their contents are compared one pair at a time (layouts.c), so that
 * types that refer to each other need no recursion.
 */
#include "types.h"

#include <string.h>
#include <strings.h>

static bool match(struct matching *, struct type_use left, struct type_use right);
static bool match_adjusted(struct matching *, struct type_use left, struct type_use right);

static bool differ(struct matching *m, struct type_use left, struct type_use right, bool only_qualifiers)
{
    m->differs = true;
    m->only_qualifiers = only_qualifiers;
    m->left_use = left;
    m->right_use = right;
    m->where = "";
    for (size_t i = m->steps.count; i-- > 0;)
        m->where = arena_printf(m->arena, "%s%s%s", m->where, *m->where ? ", in " : "", m->steps.items[i]);
    return false;
}

static bool step(struct matching *m, const char *name, struct type_use left, struct type_use right, bool parameter)
{
    *vec_add(m->arena, &m->steps) = name;
    bool same = parameter ? match_adjusted(m, left, right) : match(m, left, right);
    m->steps.count--;
    return same;
}

bool names_match(const struct matching *m, const char *left, const char *right)
{
    if (!strcmp(left, right))
        return true;
    const char *renamed = contract_rename(m->arena, m->contract, left, m->identifier);
    return renamed && !strcmp(renamed, right);
}

static const char *constant_suffix(const char *name, const char *identifier)
{
    size_t n = strlen(identifier);
    return !strncasecmp(name, identifier, n) && name[n] == '_' ? name + n : NULL;
}

bool constants_match(const struct matching *m, const char *left, const char *right)
{
    if (!strcmp(left, right))
        return true;
    const char *l = constant_suffix(left, m->contract->signature->identifier);
    const char *r = constant_suffix(right, m->identifier);
    return l && r && !strcmp(l, r);
}

static bool match_functions(struct matching *m, struct type_use left, struct type_use right)
{
    const struct type *l = &m->contract->interface->types[left.type], *r = &m->right->types[right.type];
    if (l->parameter_count != r->parameter_count || l->variadic != r->variadic || l->prototype != r->prototype ||
        l->count != r->count)
        return differ(m, left, right, false);
    if (!step(m, "the result of the function pointed to", l->of, r->of, false))
        return false;
    for (size_t i = 0; i < l->parameter_count; i++)
        if (!step(m, arena_printf(m->arena, "parameter %zu of the function pointed to", i + 1), l->parameters[i], r->parameters[i], true))
            return false;
    return true;
}

/* Structs without a tag are what they contain. */
static bool match_contents(struct matching *m, const struct declaration *l, const struct declaration *r)
{
    if (l->member_count != r->member_count || l->size != r->size || l->alignment != r->alignment)
        return false;
    for (size_t i = 0; i < l->member_count; i++) {
        const struct member *a = &l->members[i], *b = &r->members[i];
        if (a->value != b->value || a->width != b->width)
            return false;
        if (l->kind == DECLARATION_enum ? !constants_match(m, a->name, b->name) : strcmp(a->name, b->name) != 0)
            return false;
        if (l->kind != DECLARATION_enum && !match(m, a->type, b->type))
            return false;
    }
    return true;
}

static bool match_declarations(struct matching *m, uint32_t left, uint32_t right)
{
    const struct declaration *l = &m->contract->interface->declarations[left], *r = &m->right->declarations[right];
    if (l->kind != r->kind)
        return false;
    if (m->contract->roles[left] == ROLE_OBJECT)
        return m->names[left] && !strcmp(m->names[left], r->name);
    if (!*l->name || !*r->name)
        return match_contents(m, l, r);
    if (m->contract->roles[left] == ROLE_DEPENDENT ? !m->names[left] || strcmp(m->names[left], r->name)
                                                   : !names_match(m, l->name, r->name))
        return false;
    for (size_t i = 0; i < m->pairs.count; i++)
        if (m->pairs.items[i].left == l && m->pairs.items[i].right == r)
            return true;
    *vec_add(m->arena, &m->pairs) = (struct declaration_pair){l, r, m->function};
    return true;
}

/* Both resolved, qualifiers already compared. */
static bool match_unqualified(struct matching *m, struct type_use left, struct type_use right)
{
    const struct type *l = &m->contract->interface->types[left.type], *r = &m->right->types[right.type];
    if (l->kind != r->kind)
        return differ(m, left, right, false);
    switch (l->kind) {
    case TYPE_basic:
        return !strcmp(l->name, r->name) || differ(m, left, right, false);
    case TYPE_pointer:
    case TYPE_atomic:
        return match(m, l->of, r->of);
    case TYPE_array:
        if (l->count != r->count)
            return differ(m, left, right, false);
        return match(m, (struct type_use){l->of.type, l->of.qualifiers | left.qualifiers},
                     (struct type_use){r->of.type, r->of.qualifiers | right.qualifiers});
    case TYPE_function:
        return match_functions(m, left, right);
    case TYPE_named:
        if (match_declarations(m, l->declaration, r->declaration))
            return true;
        return m->differs ? false : differ(m, left, right, false); /* inside a struct without a tag */
    case TYPE_KIND_COUNT:
        break;
    }
    return differ(m, left, right, false);
}

static bool match(struct matching *m, struct type_use left, struct type_use right)
{
    m->left_written = left;
    m->right_written = right;
    left = type_resolve(m->contract->interface, left);
    right = type_resolve(m->right, right);
    bool arrays = m->contract->interface->types[left.type].kind == TYPE_array && m->right->types[right.type].kind == TYPE_array;
    if (!match_unqualified(m, left, right))
        return false;
    return arrays || left.qualifiers == right.qualifiers || differ(m, left, right, true);
}

/* The target of what is a pointer as a parameter. */
static bool adjusted_target(const struct interface *i, struct type_use use, struct type_use *target)
{
    const struct type *t = &i->types[use.type];
    if (t->kind == TYPE_function)
        *target = use;
    else if (t->kind == TYPE_array)
        *target = (struct type_use){t->of.type, t->of.qualifiers | use.qualifiers};
    else
        *target = t->of;
    return t->kind == TYPE_function || t->kind == TYPE_array || t->kind == TYPE_pointer;
}

static bool match_adjusted(struct matching *m, struct type_use left, struct type_use right)
{
    m->left_written = left;
    m->right_written = right;
    left = type_resolve(m->contract->interface, left);
    right = type_resolve(m->right, right);
    struct type_use l, r;
    bool left_points = adjusted_target(m->contract->interface, left, &l), right_points = adjusted_target(m->right, right, &r);
    if (left_points != right_points)
        return differ(m, left, right, false);
    return left_points ? match(m, l, r) : match_unqualified(m, left, right);
}

static void forget(struct matching *m)
{
    m->differs = false;
    m->where = "";
    m->steps.count = 0;
}

bool types_match(struct matching *m, struct type_use left, struct type_use right)
{
    forget(m);
    return match(m, left, right);
}

bool parameters_match(struct matching *m, struct type_use left, struct type_use right)
{
    forget(m);
    return match_adjusted(m, left, right);
}
