/*
 * size_owner.c - whose a symbol or an object is.
 *
 * An object's path says it: build/<target>/obj/<instance>/...; with whole-program optimisation all of C is one object, and the
 * debug information's units say it.
 */
#include "size_inside.h"
#include <string.h>
#include "../base/file.h"
#include "../base/text.h"

const char *const size_other_names[] = {
#define X(id, name, doc) [SIZE_##id] = name,
    SIZE_OTHERS(X)
#undef X
};

/* Directories of objects and marks of units that are no instance's name. */
static const char *of_group(const char *group)
{
    static const struct {
        const char *group;
        enum size_other other;
    } groups[] = {{"+glue", SIZE_START_UP}, {"+boot", SIZE_START_UP}, {"+target", SIZE_TARGET}, {"+library", SIZE_LIBC}, {"+library.a", SIZE_LIBC}, {"+library.own", SIZE_LIBC}};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (strcmp(groups[i].group, group) == 0)
            return size_other_names[groups[i].other];
    return group;
}

static void add_instance(struct size_facts *f, const char *name)
{
    if (*name == '+' || *name == '(')
        return;
    for (size_t i = 0; i < f->instances.count; i++)
        if (strcmp(f->instances.items[i], name) == 0)
            return;
    *vec_add(f->a, &f->instances) = name;
}

static bool is_optimised_object(const char *object)
{
    return string_ends(object, ".lto.o");
}

/* "build/kvm/obj/http.log/module.o": "http.log" */
static const char *group_of(const struct size_facts *f, const char *object)
{
    const char *objects = strstr(object, "/obj/");
    if (!objects || !string_starts(object, "build/"))
        return NULL;
    objects += strlen("/obj/");
    return arena_strndup(f->a, objects, strcspn(objects, "/("));
}

const char *owner_of_object(const struct size_facts *f, const char *object)
{
    static const char *const libc[] = {"crt1.o", "Scrt1.o", "rcrt1.o", "gcrt1.o", "crti.o", "crtn.o", "libc_nonshared.a", "libc.a"};
    if (strcmp(object, "<internal>") == 0)
        return size_other_names[SIZE_LINKER];
    if (is_optimised_object(object))
        return NULL;
    const char *group = group_of(f, object);
    if (group)
        return of_group(group);
    const char *member = strchr(object, '(');
    const char *base = path_base(member ? arena_strndup(f->a, object, (size_t)(member - object)) : object);
    for (size_t i = 0; i < sizeof libc / sizeof libc[0]; i++)
        if (strcmp(libc[i], base) == 0)
            return size_other_names[SIZE_LIBC];
    return size_other_names[string_starts(base, "crt") || string_starts(base, "libclang_rt") || string_starts(base, "libgcc") ? SIZE_COMPILER : SIZE_HOST];
}

void owners_prepare(struct size_facts *f)
{
    for (size_t i = 0; i < f->debug->unit_count; i++)
        if (f->debug->units[i].made_for)
            add_instance(f, f->debug->units[i].made_for);
    for (size_t i = 0; i < f->map->count; i++) {
        const char *owner = owner_of_object(f, f->map->items[i].object);
        if (owner)
            add_instance(f, owner);
    }
    for (size_t i = 1; i < f->instances.count; i++) /* few: longest first, so that a.b is found before a */
        for (size_t k = i; k > 0 && strlen(f->instances.items[k - 1]) < strlen(f->instances.items[k]); k--) {
            const char *shorter = f->instances.items[k - 1];
            f->instances.items[k - 1] = f->instances.items[k];
            f->instances.items[k] = shorter;
        }
}

/* "http.stack.stack_host_listen" is http.stack's. */
const char *owner_of_label(const struct size_facts *f, const char *symbol)
{
    for (size_t i = 0; i < f->instances.count; i++) {
        size_t n = strlen(f->instances.items[i]);
        if (strncmp(symbol, f->instances.items[i], n) == 0 && symbol[n] == '.')
            return f->instances.items[i];
    }
    return NULL;
}

/* The source of a member or an object of its own. */
static const char *source_of(const struct size_facts *f, const char *object)
{
    const char *member = strchr(object, '(');
    if (member)
        object = arena_strndup(f->a, member + 1, strcspn(member + 1, ")"));
    if (string_ends(object, "/module.o") || string_ends(object, "/embed.o"))
        return NULL;
    const char *objects = strstr(object, "/obj/");
    if (objects && strchr(objects + strlen("/obj/"), '/'))
        object = strchr(objects + strlen("/obj/"), '/') + 1;
    return string_ends(object, ".o") ? arena_strndup(f->a, object, strlen(object) - 2) : object;
}

/* "htdocs/index.html (gzip)": the file that was embedded. */
static const char *embedded(const struct size_facts *f, const char *symbol)
{
    const char *form = strstr(symbol, " (");
    return form ? arena_strndup(f->a, symbol, (size_t)(form - symbol)) : symbol;
}

/* Whose debug information says whose the symbol is: itself, or the function that an entry of a table of jumps leads to. */
static uint64_t code_of(const struct size_facts *f, const struct size_part *p)
{
    size_t n = strlen(p->symbol), suffix = strlen(".cfi_jt");
    if (!string_ends(p->symbol, ".cfi_jt"))
        return p->address;
    for (size_t i = 1; i < f->linked->symbol_count; i++) {
        const struct elf_symbol *s = &f->linked->symbols[i];
        if (strncmp(s->name, p->symbol, n - suffix) == 0 && !s->name[n - suffix])
            return s->address;
    }
    return p->address;
}

/* Of what bears the same name as the symbol, before a suffix that the optimiser gave it: folded functions have one address. */
static const struct debug_thing *thing_of(const struct size_facts *f, const struct size_part *p)
{
    uint64_t address = code_of(f, p);
    const struct debug_thing *first = debug_thing_at(f->debug, address), *t = first;
    const char *name = p->symbol, *label = owner_of_label(f, name);
    if (label)
        name += strlen(label) + 1;
    for (; t && t < f->debug->things + f->debug->thing_count && t->address == address; t++) {
        size_t n = strlen(t->name);
        if (strncmp(name, t->name, n) == 0 && (!name[n] || name[n] == '.'))
            return t;
    }
    return first;
}

static const struct placed *placed_at(const struct size_facts *f, uint64_t address)
{
    size_t low = 0, high = f->map->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (f->map->items[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    const struct placed *p = low ? &f->map->items[low - 1] : NULL;
    return p && address - p->address < p->size ? p : NULL;
}

const char *owner_of_unit(const struct size_facts *f, const struct debug_unit *u, uint64_t address)
{
    const struct placed *p = u->made_for ? NULL : placed_at(f, address);
    const char *owner = p ? owner_of_object(f, p->object) : NULL;
    return u->made_for ? of_group(u->made_for) : owner ? owner : p ? size_other_names[SIZE_LIBC] : NULL;
}

void owner_find(const struct size_facts *f, const struct placed *placed, struct size_part *p)
{
    const char *owner = placed ? owner_of_object(f, placed->object) : NULL;
    const struct debug_thing *t = thing_of(f, p);
    if (t && owner == size_other_names[SIZE_LINKER])
        owner = NULL; /* constants that the linker has merged are still somebody's */
    bool optimised = placed && !owner;
    if (t) {
        const char *made_for = f->debug->units[t->unit].made_for;
        p->file = t->file;
        p->instance = owner ? owner : made_for ? of_group(made_for) : optimised ? size_other_names[SIZE_LIBC] : NULL;
        return;
    }
    p->instance = owner ? owner : owner_of_label(f, p->symbol);
    if (placed && string_ends(placed->object, "/embed.o"))
        p->file = embedded(f, p->symbol);
    else if (placed && !optimised && strcmp(placed->object, "<internal>") != 0)
        p->file = source_of(f, placed->object);
}
