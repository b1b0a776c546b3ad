/*
 * declare.c - the headers that bind.
 *
 * A requirement header includes its signature's header for everything that
 * means the same everywhere, declares objects and dependent types under the
 * requirement's name, and each operation with the symbol of its provider.
 * Where requirement and signature have the same name, the types are there already.
 */
#include "declare.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/arena.h"

/* Begins every requirement header: what may be removed when the requirement is gone. */
#define MARK "/* Written by ukc: a requirement. */\n"

struct writer {
    struct arena *arena;
    struct text out;
    const struct contract *contract;
    const char *requirement;
    const char *const *names;
    const char *directory; /* of the file */
};

/* Inside a comment, and on one line. */
static void put_comment(struct text *out, const char *s)
{
    for (; *s; s++)
        if (*s == '*' && s[1] == '/')
            text_puts(out, "* ");
        else
            text_putc(out, (unsigned char)*s < ' ' ? '?' : *s);
}

static void put_include(struct writer *w, const char *path)
{
    text_printf(&w->out, "#include \"%s\"\n", path_relative(w->arena, w->directory, path));
}

/* ---- types ---- */

/* The struct without tag that a typedef names, or TYPE_NONE. */
static uint32_t untagged(const struct interface *i, const struct declaration *d)
{
    const struct type *t = &i->types[d->of.type];
    if (t->kind != TYPE_named || *i->declarations[t->declaration].name)
        return TYPE_NONE;
    return t->declaration;
}

static void put_typedef(struct writer *w, const struct declaration *d, const char *name)
{
    const struct interface *i = w->contract->interface;
    uint32_t body = untagged(i, d);
    const char **names = arena_memdup(w->arena, w->names, i->declaration_count * sizeof *names);
    if (body != TYPE_NONE)
        names[body] = NULL; /* here its members are wanted, elsewhere the typedef's name */
    text_puts(&w->out, "typedef ");
    type_print_whole(&w->out, i, d->of, name, names);
    text_puts(&w->out, ";\n");
}

/* The compiler proves that nothing was lost on the way. */
static void put_layout_proof(struct writer *w, const struct declaration *d, const char *name)
{
    const char *kind = declaration_kind_names[d->kind];
    text_printf(&w->out, "_Static_assert(sizeof(%s %s) == sizeof(%s %s) && _Alignof(%s %s) == _Alignof(%s %s)", kind, name, kind, d->name,
                kind, name, kind, d->name);
    for (size_t n = 0; n < d->member_count; n++)
        if (*d->members[n].name && d->members[n].width < 0)
            text_printf(&w->out, " &&\n               __builtin_offsetof(%s %s, %s) == __builtin_offsetof(%s %s, %s)", kind, name,
                        d->members[n].name, kind, d->name, d->members[n].name);
    text_printf(&w->out, ",\n               \"%s %s is laid out like %s %s\");\n", kind, name, kind, d->name);
}

static void put_record(struct writer *w, const struct declaration *d, const char *name)
{
    text_printf(&w->out, "%s %s {\n", declaration_kind_names[d->kind], name);
    for (size_t n = 0; n < d->member_count; n++) {
        text_puts(&w->out, "    ");
        member_print(&w->out, w->contract->interface, &d->members[n], w->names);
        text_puts(&w->out, ";\n");
    }
    text_putc(&w->out, '}');
    if (d->packed)
        text_puts(&w->out, " __attribute__((packed))");
    if (d->aligned)
        text_printf(&w->out, " __attribute__((aligned(%lld)))", (long long)d->alignment);
    text_puts(&w->out, ";\n");
    put_layout_proof(w, d, name);
}

static int by_end(const void *x, const void *y)
{
    const struct declaration *const *p = x, *const *q = y;
    return ((*p)->end > (*q)->end) - ((*p)->end < (*q)->end);
}

static void put_types(struct writer *w)
{
    const struct contract *c = w->contract;
    const struct interface *i = c->interface;
    const struct declaration **dependent = arena_array(w->arena, const struct declaration *, i->declaration_count);
    size_t count = 0;
    bool any = false;
    for (size_t n = 0; n < i->declaration_count; n++) {
        const struct declaration *d = &i->declarations[n];
        if (c->roles[n] == ROLE_SHARED || !*d->name)
            continue;
        if (c->roles[n] == ROLE_DEPENDENT)
            dependent[count++] = d;
        if (d->kind != DECLARATION_typedef) {
            text_printf(&w->out, "%s%s %s;\n", any ? "" : "\n", declaration_kind_names[d->kind], w->names[n]);
            any = true;
        }
    }
    qsort(dependent, count, sizeof *dependent, by_end);
    for (size_t n = 0; n < count; n++) {
        const char *name = w->names[dependent[n] - i->declarations];
        text_putc(&w->out, '\n');
        if (dependent[n]->kind == DECLARATION_typedef)
            put_typedef(w, dependent[n], name);
        else if (dependent[n]->complete)
            put_record(w, dependent[n], name);
    }
}

/* ---- operations ---- */

static void put_operation(struct writer *w, const struct function *f, const struct plan_instance *provider)
{
    const char *operation = contract_operation(w->contract, f);
    const char *name = arena_printf(w->arena, "%s_%s", w->requirement, operation);
    text_putc(&w->out, '\n');
    if (*f->comment)
        text_printf(&w->out, "%s\n", f->comment);
    function_print(&w->out, w->contract->interface, f, name, w->names);
    text_printf(&w->out, "\n    __asm__(\"%s\")", binding_symbol(w->arena, provider, operation));
    if (*f->attributes)
        text_printf(&w->out, " __attribute__((%s))", f->attributes);
    text_puts(&w->out, ";\n");
}

static void put_origin(struct writer *w, const struct plan_instance *instance, const struct plan_instance *provider,
                       const char *header)
{
    text_printf(&w->out, MARK "/*\n * %s.h - signature ", w->requirement);
    put_comment(&w->out, w->contract->signature->name.text);
    text_puts(&w->out, " (");
    put_comment(&w->out, header);
    text_printf(&w->out, ")\n * as requirement %s of instance ", w->requirement);
    put_comment(&w->out, instance->name);
    text_puts(&w->out, ",\n * provided by instance ");
    put_comment(&w->out, provider->name);
    text_puts(&w->out, " of ");
    put_comment(&w->out, provider->component->name.text);
    text_puts(&w->out, ".\n */\n");
}

bool declare_requirement(struct arena *a, const struct layout *layout, const struct plan *plan, const struct plan_instance *instance,
                         const struct plan_binding *binding, const struct contract *contract, struct diag *d)
{
    const char *requirement = binding->requirement->name.text;
    const struct plan_instance *provider = &plan->instances[binding->provider.at];
    const char *header = layout_path(a, layout, contract->signature->directory, contract->signature->header.text);
    struct writer w = {.arena = a,
                       .contract = contract,
                       .requirement = requirement,
                       .names = contract_names(a, contract, requirement),
                       .directory = layout_generated(a, layout, instance, NULL)};
    put_origin(&w, instance, provider, header);
    text_printf(&w.out, "#ifndef UKC_REQUIREMENT_%s_H\n#define UKC_REQUIREMENT_%s_H\n\n", requirement, requirement);
    put_include(&w, header);
    if (strcmp(requirement, contract->signature->identifier))
        put_types(&w);
    for (size_t n = 0; n < contract->operation_count; n++)
        put_operation(&w, contract->operations[n], provider);
    text_puts(&w.out, "\n#endif\n");
    const char *path = layout_generated(a, layout, instance, arena_printf(a, "%s.h", requirement));
    bool good = file_write(path, w.out.bytes, w.out.size, NULL, d);
    text_dispose(&w.out);
    return good;
}

/*
 * A function of this name would never be called: the header, which is all that the check reads, does not declare it.
 * Defined in a source it conflicts with this object, and the compiler shows the line.
 */
static void put_undeclared(struct writer *w, const char *header, const char *result, const char *name, const char *when)
{
    text_printf(&w->out, "extern struct ukc_not_in_header %s; /* to be called at %s, declare it in ", name, when);
    put_comment(&w->out, path_base(header));
    text_printf(&w->out, ": %s %s(void); */\n", result, name);
}

static bool is_among(const char *const *operations, size_t count, const char *name)
{
    for (size_t n = 0; n < count; n++)
        if (string_equal(operations[n], name))
            return true;
    return false;
}

bool declare_exports(struct arena *a, const struct layout *layout, const struct plan_instance *instance, const char *header,
                     const char *const *operations, size_t count, struct diag *d)
{
    const char *identifier = instance->component->identifier;
    struct writer w = {.arena = a, .directory = layout_generated(a, layout, instance, NULL)};
    text_puts(&w.out, "/*\n * exports.h - the symbols of instance ");
    put_comment(&w.out, instance->name);
    text_puts(&w.out, " of ");
    put_comment(&w.out, instance->component->name.text);
    text_puts(&w.out, ".\n * Written by ukc; included before everything else in each of its sources.\n */\n"
                      "#ifndef UKC_EXPORTS_H\n#define UKC_EXPORTS_H\n\n");
    if (header)
        put_include(&w, header);
    text_puts(&w.out, header ? "\n" : "");
    for (size_t n = 0; n < count; n++) {
        const char *name = arena_printf(a, "%s_%s", identifier, operations[n]);
        const char *symbol = binding_symbol(a, instance, operations[n]);
        if (header)
            text_printf(&w.out, "__typeof__(%s) %s __asm__(\"%s\");\n", name, name, symbol);
        else
            text_printf(&w.out, "int %s(void) __asm__(\"%s\");\n", name, symbol);
    }
    if (header && !is_among(operations, count, "start"))
        put_undeclared(&w, header, "int", arena_printf(a, "%s_start", identifier), "start-up");
    if (header && !is_among(operations, count, "stop"))
        put_undeclared(&w, header, "void", arena_printf(a, "%s_stop", identifier), "shut-down");
    text_puts(&w.out, "\n#endif\n");
    bool good = file_write(layout_generated(a, layout, instance, "exports.h"), w.out.bytes, w.out.size, NULL, d);
    text_dispose(&w.out);
    return good;
}

/* ---- what is left of an earlier configuration ---- */

static bool is_marked(const char *path)
{
    char begin[sizeof MARK - 1];
    FILE *f = fopen(path, "r");
    bool marked = f && fread(begin, 1, sizeof begin, f) == sizeof begin && !memcmp(begin, MARK, sizeof begin);
    if (f)
        fclose(f);
    return marked;
}

void declare_prune(struct arena *a, const struct layout *layout, const struct plan_instance *instance)
{
    const char *directory = layout_generated(a, layout, instance, NULL);
    DIR *dir = opendir(directory);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        bool wanted = !string_ends(entry->d_name, ".h");
        for (size_t i = 0; i < instance->binding_count && !wanted; i++)
            wanted = !strcmp(entry->d_name, arena_printf(a, "%s.h", instance->bindings[i].requirement->name.text));
        const char *path = path_join(a, directory, entry->d_name);
        if (!wanted && is_marked(path))
            unlink(path);
    }
    closedir(dir);
}
