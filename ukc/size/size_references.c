/*
 * size_references.c - who refers to what has no name of its own.
 *
 * The linker kept its relocations (--emit-relocs): a place, and what it refers to.  A constant without an owner is given to the part in
 * which the first place lies that refers to it; several rounds, because that part may be such a constant.
 * The same references are the report's: by them everything is reached that is in the image.
 */
#include "size_inside.h"
#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MOST = 8 };

struct reference {
    uint64_t place, to;
};

struct references {
    struct size_facts *f;
    VEC(struct reference) items;
};

static int by_place(const void *x, const void *y)
{
    const struct reference *a = x, *b = y;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

/* A bound that the linker script gives, the end of what lies before: what begins at that address is not meant. */
static bool is_end(const struct elf_file *f, const struct elf_symbol *s)
{
    const struct elf_section *in = s->section < f->section_count ? &f->sections[s->section] : NULL;
    return s->type == STT_NOTYPE && in && s->address >= in->address && s->address - in->address >= in->bytes;
}

static void read_section(struct references *r, const struct elf_section *s)
{
    const struct elf_file *f = r->f->linked;
    struct reader in = reader_at(elf_section_bytes(f, s), 0);
    struct elf_relocation x;
    while (elf_next_relocation(&in, &x)) {
        if (x.symbol == 0 || x.symbol >= f->symbol_count || f->symbols[x.symbol].section == SHN_UNDEF || is_end(f, &f->symbols[x.symbol]))
            continue;
        bool relative = x.type == R_X86_64_PC32 || x.type == R_X86_64_PLT32 || x.type == R_X86_64_GOTPCREL || x.type == R_X86_64_GOTPCRELX ||
                        x.type == R_X86_64_REX_GOTPCRELX; /* counts from the instruction's end, four bytes on */
        *vec_add(r->f->a, &r->items) = (struct reference){x.place, f->symbols[x.symbol].address + x.addend + (relative ? 4 : 0)};
    }
}

struct places {
    const part_list *parts;
    size_t *loaded, count; /* indexes of parts, sorted by address */
};

static struct places places_of(struct arena *a, const part_list *parts)
{
    struct places p = {parts, arena_array(a, size_t, parts->count), 0};
    for (size_t i = 0; i < parts->count; i++)
        if (parts->items[i].address)
            p.loaded[p.count++] = i;
    return p;
}

static struct size_part *part_at(const struct places *p, uint64_t address)
{
    size_t low = 0, high = p->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->parts->items[p->loaded[middle]].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    struct size_part *found = low ? &p->parts->items[p->loaded[low - 1]] : NULL;
    return found && address - found->address < found->bytes ? found : NULL;
}

static size_t follow(const struct references *r, const struct places *p)
{
    size_t given = 0;
    for (size_t i = 0; i < r->items.count; i++) {
        struct size_part *to = part_at(p, r->items.items[i].to);
        if (!to || to->instance)
            continue;
        const struct size_part *from = part_at(p, r->items.items[i].place);
        if (!from || !from->instance || from->instance == size_other_names[SIZE_PADDING])
            continue;
        to->instance = from->instance;
        to->file = to->file ? to->file : from->file;
        given++;
    }
    return given;
}

/* Labels of an assembly that C files hold: whose the first is, the others are. */
static void follow_code(const struct size_facts *f, part_list *parts)
{
    for (size_t i = 1; i < parts->count; i++) {
        struct size_part *p = &parts->items[i], *before = p - 1;
        const struct elf_section *s = p->address ? elf_section_at(f->image, p->address) : NULL;
        if (p->instance || !s || !(s->flags & SHF_EXECINSTR) || strcmp(before->section, p->section) != 0)
            continue;
        if (before->instance != size_other_names[SIZE_PADDING])
            p->instance = before->instance;
        p->file = p->instance && !p->file ? before->file : p->file;
    }
}

static struct references read_references(struct size_facts *f)
{
    struct references r = {.f = f};
    for (size_t i = 1; i < f->linked->section_count; i++) {
        const struct elf_section *s = &f->linked->sections[i];
        if (elf_is_kept(f->linked, s))
            read_section(&r, s);
    }
    if (r.items.count)
        qsort(r.items.items, r.items.count, sizeof *r.items.items, by_place);
    return r;
}

void references_follow(struct size_facts *f, part_list *parts)
{
    struct references r = read_references(f);
    struct places p = places_of(f->a, parts);
    for (int round = 0; round < ROUNDS_MOST && follow(&r, &p); round++)
        ;
    follow_code(f, parts);
}

/* ---- for the report ---- */

static int reference_compare(const void *x, const void *y)
{
    const struct size_reference *a = x, *b = y;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

static void report_references(struct size_facts *f, const struct places *p, struct size_report *out)
{
    struct references r = read_references(f);
    struct size_reference *all = arena_array(f->a, struct size_reference, r.items.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < r.items.count; i++) {
        const struct size_part *from = part_at(p, r.items.items[i].place), *to = part_at(p, r.items.items[i].to);
        if (from && to && from != to)
            all[count++] = (struct size_reference){(uint32_t)(from - p->parts->items), (uint32_t)(to - p->parts->items)};
    }
    qsort(all, count, sizeof *all, reference_compare);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || reference_compare(&all[i], &all[i - 1]) != 0)
            all[out->reference_count++] = all[i];
    out->references = all;
}

static int name_compare(const void *x, const void *y)
{
    const struct size_name *a = x, *b = y;
    int order = strcmp(a->name, b->name);
    if (order == 0 && a->part != b->part)
        order = a->part < b->part ? -1 : 1;
    if (order == 0)
        order = strcmp(a->instance, b->instance);
    return order ? order : (int)a->kind - (int)b->kind;
}

typedef VEC(struct size_name) name_list;

/* `owner` may be NULL: the part's. */
static void add_name(struct size_facts *f, const struct places *p, const char *name, uint64_t address, enum size_name_kind kind, const char *owner,
                     name_list *out)
{
    const struct size_part *part = *name ? part_at(p, address) : NULL;
    bool own = !owner || (part && strcmp(owner, part->instance) == 0);
    if (part && (kind == SIZE_NAME_INLINED || (part->address == address && (strcmp(part->symbol, name) != 0 || !own))))
        *vec_add(f->a, out) = (struct size_name){arena_strdup(f->a, name), (uint32_t)(part - p->parts->items), kind,
                                                 owner ? arena_strdup(f->a, owner) : part->instance};
}

/* One constant may be that of several instances: each of their units says where it lies. */
static void add_thing(struct size_facts *f, const struct places *p, const struct debug_thing *t, name_list *out)
{
    add_name(f, p, t->name, t->address, SIZE_NAME_CODE, t->size ? NULL : owner_of_unit(f, &f->debug->units[t->unit], t->address), out);
}

static void add_inlined(struct size_facts *f, const struct places *p, const struct debug_inlined *in, name_list *out)
{
    uint64_t address = f->debug->things[in->into].address;
    add_name(f, p, in->name, address, SIZE_NAME_INLINED, owner_of_unit(f, &f->debug->units[in->unit], address), out);
}

static void report_names(struct size_facts *f, const struct places *p, struct size_report *out)
{
    name_list all = {};
    for (size_t i = 1; i < f->linked->symbol_count; i++) {
        const struct elf_symbol *s = &f->linked->symbols[i];
        if (s->type == STT_FUNC || s->type == STT_OBJECT)
            add_name(f, p, s->name, s->address, SIZE_NAME_ALIAS, owner_of_label(f, s->name), &all);
    }
    for (size_t i = 0; i < f->debug->thing_count; i++)
        add_thing(f, p, &f->debug->things[i], &all);
    for (size_t i = 0; i < f->debug->inlined_count; i++)
        add_inlined(f, p, &f->debug->inlined[i], &all);
    if (all.count)
        qsort(all.items, all.count, sizeof *all.items, name_compare);
    for (size_t i = 0; i < all.count; i++) {
        const struct size_name *last = out->name_count ? &all.items[out->name_count - 1] : NULL;
        if (!last || strcmp(last->name, all.items[i].name) != 0 || last->part != all.items[i].part || strcmp(last->instance, all.items[i].instance) != 0)
            all.items[out->name_count++] = all.items[i];
    }
    out->names = all.items;
}

void references_report(struct size_facts *f, const part_list *parts, struct size_report *out)
{
    struct places p = places_of(f->a, parts);
    const struct size_part *entry = part_at(&p, f->image->entry);
    out->entry = entry ? (size_t)(entry - parts->items) : parts->count;
    report_references(f, &p, out);
    report_names(f, &p, out);
}
