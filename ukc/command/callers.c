/*
 * callers.c - who calls a symbol that an image does not have (see callers.h).
 *
 * The linker keeps each reference of the linked file as a relocation: a place and what it refers to. From the
 * symbol back, level by level: a place lies in a function, which other places refer to.
 * llvm-symbolizer knows which functions were inlined around a place.
 */
#include "callers.h"
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "../base/process.h"
#include "../base/text.h"

enum { FILE_MOST = 1 << 30, NOWHERE = -1 };

struct reference {
    uint64_t place;
    long from;           /* index of a symbol, NOWHERE: in none */
    long to;             /* likewise */
    const char *missing; /* the name of what is not defined, else NULL */
    const struct reference *next; /* of the way to the symbol */
    bool seen;
};

struct code {
    struct arena *a;
    const char *file;
    const struct source *s;
    const Elf64_Shdr *sections;
    size_t section_count;
    VEC(Elf64_Sym) symbols; /* with an address and a size, sorted */
    VEC(struct reference) references;
    const char *names;
    size_t names_size;
};

/* ---- the file: our linker's, but nothing is read outside of it ---- */

static const void *bytes_at(const struct code *c, uint64_t offset, uint64_t size)
{
    return offset <= c->s->size && size <= c->s->size - offset && offset % 8 == 0 ? c->s->bytes + offset : NULL;
}

static const char *name_of(const struct code *c, uint32_t offset)
{
    return offset < c->names_size ? c->names + offset : "";
}

static bool open_sections(struct code *c)
{
    const Elf64_Ehdr *head = bytes_at(c, 0, sizeof *head);
    if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    c->section_count = head->e_shnum;
    c->sections = bytes_at(c, head->e_shoff, c->section_count * sizeof *c->sections);
    return c->sections != NULL;
}

static const Elf64_Shdr *find_section(const struct code *c, uint32_t type)
{
    for (size_t i = 0; i < c->section_count; i++)
        if (c->sections[i].sh_type == type)
            return &c->sections[i];
    return NULL;
}

static int by_address(const void *x, const void *y)
{
    const Elf64_Sym *a = x, *b = y;
    if (a->st_value != b->st_value)
        return a->st_value < b->st_value ? -1 : 1;
    return a->st_name < b->st_name ? -1 : a->st_name > b->st_name;
}

static long symbol_at(const struct code *c, uint64_t address)
{
    size_t low = 0, high = c->symbols.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c->symbols.items[middle].st_value <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i-- > 0 && i + 8 > low;)
        if (address - c->symbols.items[i].st_value < c->symbols.items[i].st_size)
            return (long)i;
    return NOWHERE;
}

static void add_references(struct code *c, const Elf64_Shdr *section, const Elf64_Sym *table, size_t count)
{
    const Elf64_Rela *entries = bytes_at(c, section->sh_offset, section->sh_size);
    for (size_t i = 0; entries && i < section->sh_size / sizeof *entries; i++) {
        const Elf64_Rela *r = &entries[i];
        size_t index = ELF64_R_SYM(r->r_info);
        if (index == 0 || index >= count)
            continue;
        const Elf64_Sym *symbol = &table[index];
        bool relative = ELF64_R_TYPE(r->r_info) == R_X86_64_PC32 || ELF64_R_TYPE(r->r_info) == R_X86_64_PLT32;
        bool section_symbol = ELF64_ST_TYPE(symbol->st_info) == STT_SECTION;
        uint64_t to = symbol->st_value + (section_symbol ? (uint64_t)r->r_addend + (relative ? 4 : 0) : 0);
        bool missing = symbol->st_shndx == SHN_UNDEF;
        *vec_add(c->a, &c->references) = (struct reference){.place = r->r_offset, .from = symbol_at(c, r->r_offset),
                                                            .to = missing ? NOWHERE : symbol_at(c, to),
                                                            .missing = missing ? name_of(c, symbol->st_name) : NULL};
    }
}

static bool open_code(struct code *c)
{
    const Elf64_Shdr *symtab = open_sections(c) ? find_section(c, SHT_SYMTAB) : NULL;
    if (!symtab || symtab->sh_link >= c->section_count)
        return false;
    const Elf64_Shdr *strings = &c->sections[symtab->sh_link];
    const Elf64_Sym *table = bytes_at(c, symtab->sh_offset, symtab->sh_size);
    size_t count = symtab->sh_size / sizeof *table;
    if (!table || strings->sh_offset > c->s->size || strings->sh_size > c->s->size - strings->sh_offset)
        return false;
    c->names = c->s->bytes + strings->sh_offset;
    c->names_size = strings->sh_size;
    for (size_t i = 0; i < count; i++)
        if (table[i].st_shndx != SHN_UNDEF && table[i].st_shndx < SHN_LORESERVE && table[i].st_size)
            *vec_add(c->a, &c->symbols) = table[i];
    if (c->symbols.count)
        qsort(c->symbols.items, c->symbols.count, sizeof *c->symbols.items, by_address);
    for (size_t i = 0; i < c->section_count; i++)
        if (c->sections[i].sh_type == SHT_RELA && c->sections[i].sh_info < c->section_count &&
            c->sections[c->sections[i].sh_info].sh_flags & SHF_ALLOC)
            add_references(c, &c->sections[i], table, count);
    return true;
}

/* ---- the functions around a place ---- */

typedef VEC(struct caller) caller_list;

/* "./path:line:column" */
static bool parse_place(struct arena *a, const char *text, struct caller *out)
{
    if (string_starts(text, "?")) /* "??:0:0": it does not know */
        return false;
    char *place = arena_strdup(a, text), *column = strrchr(place, ':');
    if (column)
        *column++ = '\0';
    char *line = column ? strrchr(place, ':') : NULL;
    if (!line)
        return false;
    *line++ = '\0';
    out->path = path_normal(a, place);
    out->line = (unsigned)strtoul(line, NULL, 10);
    out->column = (unsigned)strtoul(column, NULL, 10);
    return true;
}

/* Of each reference, innermost first: two lines a function, an empty line behind the last. */
static bool symbolize(struct code *c, struct reference *const *level, size_t count, caller_list *frames, struct diag *d)
{
    struct text in = {}, out = {};
    for (size_t i = 0; i < count; i++)
        text_printf(&in, "0x%" PRIx64 "\n", level[i]->place);
    int status = process_run(&(struct process){.argv = (const char *[]){"llvm-symbolizer-19", "-e", c->file, NULL}, .input = text_string(&in), .out = &out}, d);
    const char *p = text_keep(&out, c->a);
    for (size_t i = 0; i < count && status == 0; i++) {
        while (*p && *p != '\n') {
            size_t n = strcspn(p, "\n");
            struct caller found = {.function = arena_strndup(c->a, p, n)};
            p += n + (p[n] == '\n');
            n = strcspn(p, "\n");
            if (parse_place(c->a, arena_strndup(c->a, p, n), &found))
                *vec_add(c->a, &frames[i]) = found;
            p += n + (p[n] == '\n');
        }
        p += *p == '\n';
    }
    text_dispose(&in);
    text_dispose(&out);
    return status == 0;
}

/* ---- the way ---- */

static void put_frames(struct code *c, caller_list *out, const caller_list *frames, size_t count)
{
    for (size_t i = count; i-- > 0;)
        *vec_add(c->a, out) = frames->items[i];
}

static void put_below(struct code *c, caller_list *out, const struct reference *r, struct diag *d)
{
    for (; r; r = r->next) {
        caller_list frames = {};
        struct reference *one = (struct reference *)r;
        if (symbolize(c, &one, 1, &frames, d) && frames.count)
            put_frames(c, out, &frames, frames.count);
        else if (r->from != NOWHERE)
            *vec_add(c->a, out) = (struct caller){.function = name_of(c, c->symbols.items[r->from].st_name)};
    }
}

/* The references that lead to one of these, which were not seen before. */
static size_t next_level(struct code *c, struct reference **level, size_t count, struct reference **next)
{
    size_t found = 0;
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < c->references.count && level[k]->from != NOWHERE; i++) {
            struct reference *r = &c->references.items[i];
            if (r->seen || r->to != level[k]->from || r->from == r->to)
                continue;
            r->seen = true;
            r->next = level[k];
            next[found++] = r;
        }
    return found;
}

/* The names of what is around and above the first caller. */
static void find_above(struct code *c, struct chain *chain, const struct reference *r, const caller_list *frames, size_t wanted)
{
    VEC(const char *) names = {};
    struct reference **level = arena_array(c->a, struct reference *, c->references.count + 1);
    struct reference **next = arena_array(c->a, struct reference *, c->references.count + 1), **other;
    size_t count = 1;
    for (size_t i = wanted; i < frames->count; i++)
        *vec_add(c->a, &names) = frames->items[i].function;
    for (size_t i = 0; i < c->references.count; i++)
        c->references.items[i].seen = false;
    level[0] = (struct reference *)r;
    while (count) {
        for (size_t i = 0; i < count; i++)
            if (level[i]->from != NOWHERE)
                *vec_add(c->a, &names) = name_of(c, c->symbols.items[level[i]->from].st_name);
        count = next_level(c, level, count, next);
        other = level;
        level = next;
        next = other;
    }
    chain->above = names.items;
    chain->above_count = names.count;
}

static const struct chain *make_chain(struct code *c, const struct reference *r, const caller_list *frames, size_t wanted, struct diag *d)
{
    struct chain *chain = arena_new(c->a, struct chain);
    caller_list callers = {};
    put_frames(c, &callers, frames, wanted + 1);
    put_below(c, &callers, r->next, d);
    *chain = (struct chain){.callers = callers.items, .count = callers.count};
    find_above(c, chain, r, frames, wanted);
    return chain;
}

const struct chain *callers_find(struct arena *a, const char *file, const char *symbol, bool (*is_wanted)(void *, const char *), void *context,
                                 struct diag *d)
{
    struct code c = {.a = a, .file = file, .s = file_read(a, file, SPAN_NONE, FILE_MOST, d)};
    if (!c.s || !open_code(&c))
        return NULL;
    struct reference **level = arena_array(a, struct reference *, c.references.count + 1);
    struct reference **next = arena_array(a, struct reference *, c.references.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < c.references.count; i++)
        if (string_equal(c.references.items[i].missing, symbol))
            level[count++] = &c.references.items[i];
    while (count) {
        caller_list *frames = arena_array(a, caller_list, count);
        memset(frames, 0, count * sizeof *frames);
        if (!symbolize(&c, level, count, frames, d))
            return NULL;
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < frames[i].count; k++)
                if (is_wanted(context, frames[i].items[k].path))
                    return make_chain(&c, level[i], &frames[i], k, d);
        count = next_level(&c, level, count, next);
        struct reference **other = level;
        level = next;
        next = other;
    }
    return NULL;
}
