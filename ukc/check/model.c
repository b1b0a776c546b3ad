/*
 * model.c - questions to a model, and its types as C text.
 */
#include "model.h"

#include <inttypes.h>
#include <string.h>

const char *const declaration_kind_names[DECLARATION_KIND_COUNT] = {
#define X(name) [DECLARATION_##name] = #name,
    DECLARATION_KINDS(X)
#undef X
};

struct type_use type_resolve(const struct interface *i, struct type_use use)
{
    for (;;) {
        const struct type *t = &i->types[use.type];
        if (t->kind != TYPE_named || i->declarations[t->declaration].kind != DECLARATION_typedef)
            return use;
        struct type_use of = i->declarations[t->declaration].of;
        use = (struct type_use){of.type, of.qualifiers | use.qualifiers};
    }
}

const struct type *type_of(const struct interface *i, struct type_use use)
{
    return &i->types[type_resolve(i, use).type];
}

const struct declaration *type_declaration(const struct interface *i, struct type_use use)
{
    const struct type *t = type_of(i, use);
    return t->kind == TYPE_named ? &i->declarations[t->declaration] : NULL;
}

const struct function *interface_function(const struct interface *i, const char *name)
{
    for (size_t n = 0; n < i->function_count; n++)
        if (!strcmp(i->functions[n].name, name))
            return &i->functions[n];
    return NULL;
}

const struct declaration *interface_tag(const struct interface *i, const char *tag)
{
    for (size_t n = 0; n < i->declaration_count; n++)
        if (i->declarations[n].kind != DECLARATION_typedef && !strcmp(i->declarations[n].name, tag))
            return &i->declarations[n];
    return NULL;
}

/* ---- printing ---- */

struct printer {
    const struct interface *interface;
    const char *const *renamed;
    bool whole, canonical;
};

static void print(const struct printer *, struct text *, struct type_use, const char *declarator);

static void print_qualifiers(struct text *out, uint32_t q)
{
    static const char *const names[] = {"const", "volatile", "restrict"};
    const char *separator = "";
    for (unsigned i = 0; i < 3; i++)
        if (q & (1u << i)) {
            text_printf(out, "%s%s", separator, names[i]);
            separator = " ";
        }
}

static void print_member(const struct printer *p, struct text *out, const struct member *m)
{
    print(p, out, m->type, m->name);
    if (m->width >= 0)
        text_printf(out, " : %" PRId64, m->width);
}

static void print_body(const struct printer *p, struct text *out, const struct declaration *d)
{
    text_puts(out, " {");
    for (size_t i = 0; i < d->member_count; i++) {
        text_putc(out, ' ');
        print_member(p, out, &d->members[i]);
        text_putc(out, ';');
    }
    text_puts(out, " }");
    if (d->packed)
        text_puts(out, " __attribute__((packed))");
    if (d->aligned)
        text_printf(out, " __attribute__((aligned(%" PRId64 ")))", d->alignment);
}

static void print_named(const struct printer *p, struct text *out, uint32_t declaration)
{
    const struct declaration *d = &p->interface->declarations[declaration];
    const char *name = p->renamed && p->renamed[declaration] ? p->renamed[declaration] : d->name;
    if (d->kind == DECLARATION_typedef) {
        text_puts(out, name);
        return;
    }
    if (!*name && p->whole && d->kind == DECLARATION_enum) { /* its constants exist already */
        print(p, out, d->of, "");
        return;
    }
    text_puts(out, declaration_kind_names[d->kind]);
    if (*name)
        text_printf(out, " %s", name);
    else if (p->whole)
        print_body(p, out, d);
    else
        text_puts(out, " {...}");
}

static void print_pointer(const struct printer *p, struct text *out, struct type_use use, const char *declarator)
{
    const struct type *t = &p->interface->types[use.type];
    enum type_kind to = (p->canonical ? type_of(p->interface, t->of) : &p->interface->types[t->of.type])->kind;
    bool grouped = to == TYPE_array || to == TYPE_function;
    struct text inner = {};
    text_puts(&inner, grouped ? "(*" : "*");
    print_qualifiers(&inner, use.qualifiers);
    if (use.qualifiers && *declarator && *declarator != ')')
        text_putc(&inner, ' ');
    text_printf(&inner, "%s%s", declarator, grouped ? ")" : "");
    print(p, out, t->of, text_string(&inner));
    text_dispose(&inner);
}

static void print_function(const struct printer *p, struct text *out, const struct type *t, const char *declarator,
                           const struct parameter *parameters, size_t named)
{
    struct text inner = {};
    text_printf(&inner, "%s(", declarator);
    for (size_t i = 0; i < t->parameter_count; i++) {
        text_puts(&inner, i ? ", " : "");
        print(p, &inner, t->parameters[i], i < named ? parameters[i].name : "");
    }
    if (t->variadic)
        text_puts(&inner, t->parameter_count ? ", ..." : "...");
    else if (!t->parameter_count && t->prototype)
        text_puts(&inner, "void");
    text_putc(&inner, ')');
    print(p, out, t->of, text_string(&inner));
    text_dispose(&inner);
}

static void print_array(const struct printer *p, struct text *out, struct type_use use, const char *declarator)
{
    const struct type *t = &p->interface->types[use.type];
    struct text inner = {};
    text_puts(&inner, declarator);
    if (t->count < 0)
        text_puts(&inner, "[]");
    else
        text_printf(&inner, "[%" PRId64 "]", t->count);
    print(p, out, (struct type_use){t->of.type, t->of.qualifiers | use.qualifiers}, text_string(&inner));
    text_dispose(&inner);
}

static void print(const struct printer *p, struct text *out, struct type_use use, const char *declarator)
{
    if (p->canonical)
        use = type_resolve(p->interface, use);
    const struct type *t = &p->interface->types[use.type];
    switch (t->kind) {
    case TYPE_pointer:
        print_pointer(p, out, use, declarator);
        return;
    case TYPE_array:
        print_array(p, out, use, declarator);
        return;
    case TYPE_function:
        print_function(p, out, t, declarator, NULL, 0);
        return;
    case TYPE_basic:
    case TYPE_atomic:
    case TYPE_named:
    case TYPE_KIND_COUNT:
        break;
    }
    print_qualifiers(out, use.qualifiers);
    if (use.qualifiers)
        text_putc(out, ' ');
    if (t->kind == TYPE_atomic) {
        text_puts(out, "_Atomic(");
        print(p, out, t->of, "");
        text_putc(out, ')');
    } else if (t->kind == TYPE_named)
        print_named(p, out, t->declaration);
    else
        text_puts(out, t->name);
    if (*declarator)
        text_printf(out, "%s%s", *declarator == '[' ? "" : " ", declarator);
}

void type_print(struct text *out, const struct interface *i, struct type_use use, const char *declarator,
                const char *const *renamed)
{
    print(&(struct printer){.interface = i, .renamed = renamed}, out, use, declarator);
}

void type_print_canonical(struct text *out, const struct interface *i, struct type_use use, const char *const *renamed)
{
    print(&(struct printer){.interface = i, .renamed = renamed, .canonical = true}, out, use, "");
}

void type_print_whole(struct text *out, const struct interface *i, struct type_use use, const char *declarator,
                      const char *const *renamed)
{
    print(&(struct printer){.interface = i, .renamed = renamed, .whole = true}, out, use, declarator);
}

void function_print(struct text *out, const struct interface *i, const struct function *f, const char *name,
                    const char *const *renamed)
{
    struct printer p = {.interface = i, .renamed = renamed};
    print_function(&p, out, type_of(i, f->type), name, f->parameters, f->parameter_count);
}

void member_print(struct text *out, const struct interface *i, const struct member *m, const char *const *renamed)
{
    print_member(&(struct printer){.interface = i, .renamed = renamed, .whole = true}, out, m);
}
