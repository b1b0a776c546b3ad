/*
 * contract.c - a signature's header, understood.
 */
#include "contract.h"

#include <string.h>

#include "../base/arena.h"

const char *contract_operation(const struct contract *c, const struct function *f)
{
    return f->name + strlen(c->signature->identifier) + 1;
}

/* What follows `identifier` in `name`: "" or "_..."; NULL when it is another name. */
static const char *suffix(const char *name, const char *identifier)
{
    size_t n = strlen(identifier);
    if (strncmp(name, identifier, n) || (name[n] && name[n] != '_'))
        return NULL;
    return name + n;
}

const char *contract_rename(struct arena *a, const struct contract *c, const char *name, const char *identifier)
{
    const char *rest = suffix(name, c->signature->identifier);
    return rest ? arena_printf(a, "%s%s", identifier, rest) : NULL;
}

const char *const *contract_names(struct arena *a, const struct contract *c, const char *identifier)
{
    const struct interface *i = c->interface;
    const char **names = arena_array(a, const char *, i->declaration_count);
    for (size_t n = 0; n < i->declaration_count; n++)
        if (c->roles[n] != ROLE_SHARED && *i->declarations[n].name)
            names[n] = contract_rename(a, c, i->declarations[n].name, identifier);
    return names;
}

/* ---- objects and what depends on them ---- */

struct examination {
    struct arena *arena;
    struct sources *sources;
    struct diag *diag;
    struct contract *contract;
    bool good;
};

static struct span at(struct examination *e, struct place place)
{
    return sources_place(e->sources, e->contract->interface, place);
}

static bool is_own(struct place place)
{
    return place.file == 0;
}

static void find_object(struct examination *e, const struct word *object)
{
    const struct contract *c = e->contract;
    const struct interface *i = c->interface;
    const char *identifier = c->signature->identifier;
    if (!suffix(object->text, identifier)) {
        e->good = diag_error(e->diag, object->span, "object '%s' must be named '%s' or '%s_...'", object->text, identifier,
                             identifier);
        diag_help(e->diag, "each implementation puts its own name in place of '%s'", identifier);
        return;
    }
    VEC(const char *) tags = {};
    for (size_t n = 0; n < i->declaration_count; n++) {
        const struct declaration *d = &i->declarations[n];
        if (d->kind != DECLARATION_struct || !*d->name || !is_own(d->place))
            continue;
        *vec_add(e->arena, &tags) = d->name;
        if (strcmp(d->name, object->text))
            continue;
        c->roles[n] = ROLE_OBJECT;
        if (d->complete) {
            e->good = diag_error(e->diag, at(e, d->place), "object 'struct %s' must be left incomplete here", d->name);
            diag_note(e->diag, object->span, "'%s' is an object of signature '%s': each implementation defines its own",
                      d->name, c->signature->name.text);
        }
        return;
    }
    e->good = diag_error(e->diag, object->span, "object '%s' is not declared in '%s'", object->text, i->paths[0]);
    const char *near = string_nearest(object->text, tags.items, tags.count);
    if (near)
        diag_help(e->diag, "did you mean '%s'?", near);
    else
        diag_help(e->diag, "declare it there: struct %s;", object->text);
}

/* Does a type name a declaration whose role is not ROLE_SHARED?  Structs with a tag are not looked into: they are asked themselves. */
static bool mentions(const struct contract *c, struct type_use use)
{
    const struct interface *i = c->interface;
    const struct type *t = &i->types[use.type];
    if (t->kind == TYPE_named)
        return c->roles[t->declaration] != ROLE_SHARED;
    if (t->kind == TYPE_basic)
        return false;
    for (size_t n = 0; n < t->parameter_count; n++)
        if (mentions(c, t->parameters[n]))
            return true;
    return mentions(c, t->of);
}

static bool depends(const struct contract *c, const struct declaration *d)
{
    if (d->kind == DECLARATION_enum)
        return false;
    if (d->kind == DECLARATION_typedef)
        return mentions(c, d->of);
    for (size_t n = 0; n < d->member_count; n++)
        if (mentions(c, d->members[n].type))
            return true;
    return false;
}

static void find_dependents(struct examination *e)
{
    const struct contract *c = e->contract;
    const struct interface *i = c->interface;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t n = 0; n < i->declaration_count; n++)
            if (c->roles[n] == ROLE_SHARED && depends(c, &i->declarations[n])) {
                c->roles[n] = ROLE_DEPENDENT;
                changed = true;
            }
    }
    for (size_t n = 0; n < i->declaration_count; n++) {
        const struct declaration *d = &i->declarations[n];
        if (c->roles[n] != ROLE_DEPENDENT || !*d->name)
            continue;
        const char *kind = declaration_kind_names[d->kind], *identifier = c->signature->identifier;
        if (!is_own(d->place))
            e->good = diag_error(e->diag, at(e, d->place), "%s '%s' mentions an object of signature '%s': it must be declared in '%s'",
                                 kind, d->name, c->signature->name.text, i->paths[0]);
        else if (!suffix(d->name, identifier)) {
            e->good = diag_error(e->diag, at(e, d->place), "%s '%s' mentions an object of signature '%s': it must be named '%s_...'",
                                 kind, d->name, c->signature->name.text, identifier);
            diag_help(e->diag, "it exists once for each implementation, under that implementation's name");
        }
    }
}

/* An incomplete struct of the signature that is not an object: nobody could define it. */
static void check_incomplete(struct examination *e)
{
    const struct contract *c = e->contract;
    for (size_t n = 0; n < c->interface->declaration_count; n++) {
        const struct declaration *d = &c->interface->declarations[n];
        if (d->kind == DECLARATION_typedef || d->complete || c->roles[n] == ROLE_OBJECT || !*d->name || !is_own(d->place) ||
            !suffix(d->name, c->signature->identifier))
            continue;
        e->good = diag_error(e->diag, at(e, d->place), "%s '%s' is incomplete and not an object of signature '%s'",
                             declaration_kind_names[d->kind], d->name, c->signature->name.text);
        diag_note(e->diag, c->signature->span, "signature '%s' is declared here", c->signature->name.text);
        if (d->kind == DECLARATION_struct)
            diag_help(e->diag, "objects = { \"%s\" }, or define it", d->name);
    }
}

/* ---- operations ---- */

/* Objects are handled by pointer: true when one is used by value somewhere in the type. */
static bool by_value(const struct contract *c, struct type_use use, const struct declaration **object)
{
    const struct interface *i = c->interface;
    use = type_resolve(i, use);
    const struct type *t = &i->types[use.type];
    if (t->kind == TYPE_named) {
        *object = &i->declarations[t->declaration];
        return c->roles[t->declaration] == ROLE_OBJECT;
    }
    if (t->kind == TYPE_basic)
        return false;
    for (size_t n = 0; n < t->parameter_count; n++)
        if (by_value(c, t->parameters[n], object))
            return true;
    const struct type *of = type_of(i, t->of);
    if (t->kind == TYPE_pointer && of->kind == TYPE_named)
        return false;
    return by_value(c, t->of, object);
}

static void check_operation(struct examination *e, const struct function *f)
{
    const struct contract *c = e->contract;
    const char *operation = contract_operation(c, f), *signature = c->signature->name.text;
    const struct declaration *object;
    if (f->internal || f->inlined || f->defined) {
        e->good = diag_error(e->diag, at(e, f->place), "'%s' is %s: an operation of signature '%s' is only declared here", f->name,
                             f->internal ? "static" : f->inlined ? "inline" : "defined", signature);
        diag_help(e->diag, "implementations define operations; give a helper that calls none of them a name without '%s_'",
                  c->signature->identifier);
    } else if (!strcmp(operation, "start") || !strcmp(operation, "stop")) {
        e->good = diag_error(e->diag, at(e, f->place), "an operation cannot be named '%s': start-up code calls that function of an implementation",
                             operation);
    } else if (!type_of(c->interface, f->type)->prototype) {
        e->good = diag_error(e->diag, at(e, f->place), "'%s' says nothing about its parameters", f->name);
        diag_help(e->diag, "write '(void)' if it has none");
    } else if (by_value(c, f->type, &object)) {
        e->good = diag_error(e->diag, at(e, f->place), "'%s' uses the object 'struct %s' by value", f->name, object->name);
        diag_help(e->diag, "objects are handled by pointer: only their implementation knows their size");
    }
}

static void check_stray(struct examination *e, const struct function *f)
{
    const char *identifier = e->contract->signature->identifier;
    if (f->internal || f->inlined || !is_own(f->place))
        return;
    e->good = diag_error(e->diag, at(e, f->place), "'%s' is not an operation of signature '%s': those are named '%s_...'", f->name,
                         e->contract->signature->name.text, identifier);
    diag_help(e->diag, "nobody would define it");
}

static void find_operations(struct examination *e)
{
    struct contract *c = e->contract;
    const struct interface *i = c->interface;
    c->operations = arena_array(e->arena, const struct function *, i->function_count);
    for (size_t n = 0; n < i->function_count; n++) {
        const struct function *f = &i->functions[n];
        const char *rest = suffix(f->name, c->signature->identifier);
        if (!rest || !rest[0] || !rest[1]) {
            check_stray(e, f);
            continue;
        }
        if (!is_own(f->place) || interface_function(i, f->name) != f) /* of another header, or declared again */
            continue;
        check_operation(e, f);
        c->operations[c->operation_count++] = f;
    }
    for (size_t n = 0; n < i->variable_count; n++) {
        e->good = diag_error(e->diag, at(e, i->variables[n].place), "variable '%s' in a signature's header: only functions can be bound",
                             i->variables[n].name);
        diag_help(e->diag, "make it an operation that returns the value, or an enum constant");
    }
    if (!c->operation_count && e->good) {
        e->good = diag_error(e->diag, sources_span(e->sources, i->paths[0], 0, 0, 0),
                             "signature '%s' has no operation: no function named '%s_...' is declared here",
                             c->signature->name.text, c->signature->identifier);
        diag_note(e->diag, c->signature->span, "signature '%s' is declared here", c->signature->name.text);
    }
}

const struct contract *contract_create(struct arena *a, const struct signature *signature, const struct interface *i,
                                       struct sources *sources, struct diag *d)
{
    struct contract *c = arena_new(a, struct contract);
    c->signature = signature;
    c->interface = i;
    c->roles = arena_array(a, enum declaration_role, i->declaration_count);
    struct examination e = {a, sources, d, c, true};
    for (size_t n = 0; n < signature->object_count; n++)
        find_object(&e, &signature->objects[n]);
    find_dependents(&e);
    find_operations(&e);
    if (e.good) /* otherwise a misspelt object would be reported twice */
        check_incomplete(&e);
    return e.good ? c : NULL;
}
