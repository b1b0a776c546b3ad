/*
 * compare.c - an implementation's header against the signatures it provides.
 */
#include "compare.h"

#include <string.h>

#include "types.h"

struct comparison {
    const struct implementation_check *check;
    struct arena *arena;
    struct sources *sources;
    struct diag *diag;
    VEC(const struct function *) extra; /* functions that no signature has */
    bool good;
};

static struct span at(const struct comparison *c, struct place place)
{
    return sources_place(c->sources, c->check->interface, place);
}

static struct span at_signature(const struct comparison *c, const struct contract *contract, struct place place)
{
    return sources_place(c->sources, contract->interface, place);
}

/* "int virtio_blk_read(uint64_t sector, void *buffer, size_t size)" */
static const char *prototype(const struct comparison *c, const struct matching *m, const struct function *f)
{
    struct text t = {};
    const char *name = contract_rename(c->arena, m->contract, f->name, c->check->component->identifier);
    function_print(&t, m->contract->interface, f, name, m->names);
    const char *kept = text_keep(&t, c->arena);
    text_dispose(&t);
    return kept;
}

/* ---- one operation ---- */

static bool declared_note(const struct comparison *c, const struct contract *contract, const struct function *f)
{
    return diag_note(c->diag, at_signature(c, contract, f->place), "signature '%s' declares '%s' here", contract->signature->name.text,
                     f->name);
}

static bool compare_result(struct comparison *c, struct matching *m, const struct function *left, const struct function *right)
{
    struct type_use l = type_of(m->contract->interface, left->type)->of, r = type_of(m->right, right->type)->of;
    if (types_match(m, l, r))
        return true;
    diag_error(c->diag, at(c, right->place), "'%s' returns '%s', signature '%s' says '%s'", right->name, type_found(m, r, false),
               m->contract->signature->name.text, type_expected(m, l, false));
    explain_difference(m, at(c, right->place), c->diag);
    return declared_note(c, m->contract, left);
}

static bool compare_parameter(struct comparison *c, struct matching *m, const struct function *left, const struct function *right,
                              size_t n)
{
    struct type_use l = type_of(m->contract->interface, left->type)->parameters[n];
    struct type_use r = type_of(m->right, right->type)->parameters[n];
    if (parameters_match(m, l, r))
        return true;
    bool has_place = n < right->parameter_count;
    struct span span = at(c, has_place ? right->parameters[n].place : right->place);
    const char *name = has_place ? right->parameters[n].name : "";
    if (!*name && n < left->parameter_count)
        name = left->parameters[n].name;
    diag_error(c->diag, span, "parameter %zu%s%s%s of '%s' is '%s', signature '%s' says '%s'", n + 1, *name ? " ('" : "", name,
               *name ? "')" : "", right->name, type_found(m, r, false), m->contract->signature->name.text,
               type_expected(m, l, false));
    explain_difference(m, span, c->diag);
    if (n < left->parameter_count)
        return diag_note(c->diag, at_signature(c, m->contract, left->parameters[n].place), "signature '%s' declares '%s' here",
                         m->contract->signature->name.text, left->name);
    return declared_note(c, m->contract, left);
}

/* What makes comparing the parameters one by one pointless; "" when nothing does. */
static const char *shape_difference(const struct comparison *c, const struct matching *m, const struct function *left,
                                    const struct function *right)
{
    const struct type *l = type_of(m->contract->interface, left->type), *r = type_of(m->right, right->type);
    const char *signature = m->contract->signature->name.text;
    if (right->internal || right->inlined)
        return arena_printf(c->arena, "'%s' is %s: an operation needs a symbol that others can call", right->name,
                            right->internal ? "static" : "inline");
    if (!r->prototype)
        return arena_printf(c->arena, "'%s' says nothing about its parameters", right->name);
    if (l->variadic != r->variadic)
        return arena_printf(c->arena, "'%s' is %svariadic, in signature '%s' it is%s", right->name, r->variadic ? "" : "not ", signature,
                            l->variadic ? "" : " not");
    if (l->parameter_count != r->parameter_count)
        return arena_printf(c->arena, "'%s' has %zu parameter%s, signature '%s' says %zu", right->name, r->parameter_count,
                            r->parameter_count == 1 ? "" : "s", signature, l->parameter_count);
    if (l->count != r->count)
        return arena_printf(c->arena, "'%s' has another calling convention than in signature '%s'", right->name, signature);
    return "";
}

static void compare_operation(struct comparison *c, struct matching *m, const struct function *left, const struct function *right)
{
    m->function = right;
    const char *shape = shape_difference(c, m, left, right);
    if (*shape) {
        c->good = diag_error(c->diag, at(c, right->place), "%s", shape);
        declared_note(c, m->contract, left);
        diag_help(c->diag, "expected: %s;", prototype(c, m, left));
        return;
    }
    c->good &= compare_result(c, m, left, right);
    size_t count = type_of(m->right, right->type)->parameter_count;
    for (size_t n = 0; n < count; n++)
        c->good &= compare_parameter(c, m, left, right, n);
}

/* ---- all operations ---- */

/* Declared by the implementation, not by what it includes from a signature or a requirement. */
static bool is_its_own(const struct comparison *c, const struct function *f)
{
    if (f->place.file == FILE_NONE)
        return false;
    const char *path = c->check->interface->paths[f->place.file];
    if (string_starts(path, c->check->generated))
        return false;
    for (size_t i = 0; i < c->check->component->provides_count; i++)
        if (!strcmp(path, c->check->contracts[i]->interface->paths[0]))
            return false;
    return true;
}

static const struct function *find(const struct comparison *c, const char *name)
{
    const struct interface *i = c->check->interface;
    for (size_t n = 0; n < i->function_count; n++)
        if (!strcmp(i->functions[n].name, name) && is_its_own(c, &i->functions[n]))
            return &i->functions[n];
    return NULL;
}

static bool is_operation(const struct comparison *c, const char *name)
{
    for (size_t i = 0; i < c->check->component->provides_count; i++) {
        const struct contract *contract = c->check->contracts[i];
        for (size_t n = 0; n < contract->operation_count; n++)
            if (!strcmp(name, contract_rename(c->arena, contract, contract->operations[n]->name, c->check->component->identifier)))
                return true;
    }
    return false;
}

/* "start" of virtio_blk_start; NULL for other functions */
static const char *operation_part(const struct comparison *c, const char *name)
{
    size_t n = strlen(c->check->component->identifier);
    return !strncmp(name, c->check->component->identifier, n) && name[n] == '_' ? name + n + 1 : NULL;
}

static void find_extra(struct comparison *c)
{
    const struct interface *i = c->check->interface;
    for (size_t n = 0; n < i->function_count; n++) {
        const struct function *f = &i->functions[n];
        const char *part = operation_part(c, f->name);
        if (part && f->place.file == 0 && !f->internal && !f->inlined && strcmp(part, "start") && strcmp(part, "stop") &&
            !is_operation(c, f->name) && interface_function(i, f->name) == f)
            *vec_add(c->arena, &c->extra) = f;
    }
}

static void report_missing(struct comparison *c, struct matching *m, const struct function *left, size_t provides)
{
    const struct component *component = c->check->component;
    const char *name = contract_rename(c->arena, m->contract, left->name, component->identifier);
    const char *header = c->check->interface->paths[0];
    const struct word *word = &component->provides[provides];
    c->good = diag_error(c->diag, sources_span(c->sources, header, 0, 0, 0), "'%s' is missing: '%s' provides signature '%s'", name,
                         component->name.text, m->contract->signature->name.text);
    declared_note(c, m->contract, left);
    diag_note(c->diag, word->span.source ? word->span : component->span, "'%s' says that it provides '%s' here", component->name.text,
              word->text);
    diag_help(c->diag, "expected: %s;", prototype(c, m, left));
}

/* An extra function with a name like that of a missing operation is taken for it: one mistake, one error. */
static bool report_misspelt(struct comparison *c, struct matching *m, const struct function *left)
{
    const char *name = contract_rename(c->arena, m->contract, left->name, c->check->component->identifier);
    const char **names = arena_array(c->arena, const char *, c->extra.count);
    for (size_t i = 0; i < c->extra.count; i++)
        names[i] = operation_part(c, c->extra.items[i]->name);
    const char *near = string_nearest(operation_part(c, name), names, c->extra.count);
    for (size_t i = 0; near && i < c->extra.count; i++) {
        if (names[i] != near)
            continue;
        c->good = diag_error(c->diag, at(c, c->extra.items[i]->place), "'%s' is not an operation of signature '%s', and '%s' is missing",
                             c->extra.items[i]->name, m->contract->signature->name.text, name);
        diag_help(c->diag, "did you mean '%s'?", name);
        declared_note(c, m->contract, left);
        memmove(&c->extra.items[i], &c->extra.items[i + 1], (c->extra.count - i - 1) * sizeof *c->extra.items);
        c->extra.count--;
        return true;
    }
    return false;
}

static void compare_contract(struct comparison *c, const struct contract *contract, size_t provides)
{
    const char *identifier = c->check->component->identifier;
    struct matching m = {.arena = c->arena,
                         .contract = contract,
                         .right = c->check->interface,
                         .identifier = identifier,
                         .names = contract_names(c->arena, contract, identifier)};
    for (size_t n = 0; n < contract->operation_count; n++) {
        const struct function *left = contract->operations[n];
        const struct function *right = find(c, contract_rename(c->arena, contract, left->name, identifier));
        if (right)
            compare_operation(c, &m, left, right);
        else if (!report_misspelt(c, &m, left))
            report_missing(c, &m, left, provides);
    }
    c->good &= layouts_match(&m, c->sources, c->diag);
}

static void report_extra(struct comparison *c)
{
    const struct component *component = c->check->component;
    for (size_t i = 0; i < c->extra.count; i++) {
        const struct function *f = c->extra.items[i];
        c->good = diag_error(c->diag, at(c, f->place), "'%s' is not an operation of %s '%s'", f->name,
                             component->provides_count == 1 ? "signature" : "the signatures that are provided by",
                             component->provides_count == 1 ? component->provides[0].text : component->name.text);
        diag_help(c->diag, "only operations belong in '%s'; declare what its own sources share in another header",
                  path_base(c->check->interface->paths[0]));
    }
}

/* ---- start and stop ---- */

static bool has_lifecycle(struct comparison *c, const char *part, const char *result)
{
    const struct interface *i = c->check->interface;
    const char *name = arena_printf(c->arena, "%s_%s", c->check->component->identifier, part);
    const struct function *f = find(c, name);
    if (!f)
        return false;
    const struct type *t = type_of(i, f->type), *of = type_of(i, t->of);
    if (!f->internal && !f->inlined && t->prototype && !t->parameter_count && !t->variadic && of->kind == TYPE_basic &&
        !strcmp(of->name, result))
        return true;
    struct text found = {};
    function_print(&found, i, f, name, NULL);
    c->good = diag_error(c->diag, at(c, f->place), "'%s%s' is called at %s, and must be '%s %s(void)'",
                         f->internal ? "static " : f->inlined ? "inline " : "", text_string(&found),
                         strcmp(part, "start") ? "shut-down" : "start-up", result, name);
    if (!strcmp(part, "start"))
        diag_help(c->diag, "it returns 0, or a negative errno value when the instance cannot work");
    text_dispose(&found);
    return true;
}

bool compare_implementation(struct arena *a, const struct implementation_check *check, struct sources *sources, struct diag *d,
                            struct lifecycle *lifecycle)
{
    struct comparison c = {.check = check, .arena = a, .sources = sources, .diag = d, .good = true};
    find_extra(&c);
    for (size_t i = 0; i < check->component->provides_count; i++)
        compare_contract(&c, check->contracts[i], i);
    report_extra(&c);
    lifecycle->start = has_lifecycle(&c, "start", "int");
    lifecycle->stop = has_lifecycle(&c, "stop", "void");
    return c.good;
}
