/*
 * size_parts.c - a loaded section, cut at the linker's inputs, then at symbols, then, where strings were merged, at strings.
 */
#include "size_inside.h"
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include "../base/text.h"

struct cut {
    struct size_facts *f;
    const struct elf_section *section; /* of the image */
    uint64_t at, end;                  /* addresses */
    VEC(struct elf_symbol) symbols;
    size_t next; /* symbol */
    part_list *out;
};

/* Of several at one address the first is the one whose name the bytes get. */
static int by_address(const void *x, const void *y)
{
    const struct elf_symbol *a = x, *b = y;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    if (a->binding != b->binding)
        return a->binding == STB_GLOBAL ? -1 : b->binding == STB_GLOBAL ? 1 : a->binding < b->binding ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool is_wanted(const struct cut *c, const struct elf_symbol *s)
{
    bool kind = s->type == STT_NOTYPE || s->type == STT_OBJECT || s->type == STT_FUNC || s->type == STT_TLS || s->type == STT_GNU_IFUNC;
    return kind && *s->name && s->section && s->section < c->f->linked->section_count && s->address >= c->section->address && s->address < c->end;
}

static void collect_symbols(struct cut *c)
{
    for (size_t i = 1; i < c->f->linked->symbol_count; i++) {
        struct elf_symbol s = c->f->linked->symbols[i];
        if (s.type == STT_TLS && c->section->flags & SHF_TLS)
            s.address += c->section->address; /* it counts from the template's beginning */
        else if (s.type == STT_TLS || c->section->flags & SHF_TLS)
            continue;
        if (is_wanted(c, &s))
            *vec_add(c->f->a, &c->symbols) = s;
    }
    if (c->symbols.count)
        qsort(c->symbols.items, c->symbols.count, sizeof *c->symbols.items, by_address);
}

static struct size_part *add(struct cut *c, uint64_t end, const char *symbol)
{
    struct size_part *p = vec_add(c->f->a, c->out);
    *p = (struct size_part){.offset = c->section->offset + (c->at - c->section->address), .bytes = end - c->at, .address = c->at,
                            .symbol = symbol, .section = c->section->name};
    c->at = end;
    return p;
}

/* "lto.o:(.rodata.tcp_input)" is a table that the compiler made for tcp_input. */
static const char *nameless(const struct cut *c, const struct placed *placed)
{
    static const char *const beginnings[] = {".rodata.", ".data.rel.ro.", ".data."};
    for (size_t i = 0; placed && i < sizeof beginnings / sizeof beginnings[0]; i++) {
        const char *rest = placed->section + strlen(beginnings[i]);
        if (string_starts(placed->section, beginnings[i]) && !string_starts(rest, "cst") && !string_starts(rest, "str"))
            return arena_printf(c->f->a, "%s (tables)", rest);
    }
    return c->section->flags & SHF_EXECINSTR ? "(code)" : "(constants)";
}

/* Strings that several may have named once: each a part of its own, until it is known whose it is. */
static void add_strings(struct cut *c, uint64_t end)
{
    const unsigned char *bytes = elf_section_bytes(c->f->image, c->section).at;
    while (c->at < end) {
        const unsigned char *s = bytes + (c->at - c->section->address), *nul = memchr(s, 0, end - c->at);
        uint64_t size = nul ? (uint64_t)(nul - s) + 1 : end - c->at;
        while (size < end - c->at && nul && s[size] == 0 && size == 1)
            size++; /* padding before an aligned one */
        add(c, c->at + size, "(strings)");
    }
}

static bool is_merged(const struct placed *placed)
{
    return placed && strcmp(placed->object, "<internal>") == 0 && (strstr(placed->section, "rodata") || strstr(placed->section, ".cst"));
}

static void add_nameless(struct cut *c, const struct placed *placed, uint64_t end)
{
    if (c->at >= end)
        return;
    if (is_merged(placed) && strstr(placed->section, ".str")) {
        add_strings(c, end);
        return;
    }
    struct size_part *p = add(c, end, nameless(c, placed));
    if (placed && !is_merged(placed))
        owner_find(c->f, placed, p);
}

/* An entry of a table of jumps, which checks of indirect calls go through, has the whole table's size. */
static uint64_t size_of(const struct elf_symbol *s, uint64_t next)
{
    return s->size && !(string_ends(s->name, ".cfi_jt") && s->size > next - s->address) ? s->size : next - s->address;
}

static void add_symbols(struct cut *c, const struct placed *placed, uint64_t end)
{
    for (; c->next < c->symbols.count && c->symbols.items[c->next].address < end; c->next++) {
        const struct elf_symbol *s = &c->symbols.items[c->next];
        if (s->address < c->at)
            continue;
        size_t after = c->next + 1;
        while (after < c->symbols.count && c->symbols.items[after].address == s->address)
            after++;
        uint64_t next = after < c->symbols.count && c->symbols.items[after].address < end ? c->symbols.items[after].address : end;
        uint64_t size = size_of(s, next);
        add_nameless(c, placed, s->address);
        owner_find(c->f, placed, add(c, s->address + (size < end - s->address ? size : end - s->address), s->name));
    }
    add_nameless(c, placed, end);
}

static void add_padding(struct cut *c, uint64_t end)
{
    if (c->at < end)
        add(c, end, "(padding)")->instance = size_other_names[SIZE_PADDING];
}

/* The linker's inputs in the section; what is between them is padding. */
void parts_of_section(struct size_facts *f, const struct elf_section *section, part_list *out)
{
    struct cut c = {.f = f, .section = section, .at = section->address, .end = section->address + section->bytes, .out = out};
    bool any = false;
    collect_symbols(&c);
    for (size_t i = 0; i < f->map->count; i++) {
        const struct placed *p = &f->map->items[i];
        uint64_t end = p->size < c.end - p->address ? p->address + p->size : c.end;
        if (p->address < c.at || p->address >= c.end)
            continue;
        any = true;
        add_padding(&c, p->address);
        add_symbols(&c, p, end);
    }
    if (any)
        add_padding(&c, c.end);
    else
        add_symbols(&c, NULL, c.end);
}
