/*
 * callers.c - who calls a symbol that an image does not have (see callers.h).
 *
 * The linker keeps each reference of the linked file as a relocation: a place and what it refers to. From the
 * symbol back, level by level: a place lies in a function, which other places refer to.
 * llvm-symbolizer knows which functions were inlined around a place.
 */
#include "callers.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/elf_file.h"
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
    const struct elf_file *f;
    VEC(struct elf_symbol) symbols; /* with an address and a size, sorted */
    VEC(struct reference) references;
};

/* ---- the file ---- */

static int by_address(const void *x, const void *y)
{
    const struct elf_symbol *a = x, *b = y;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return strcmp(a->name, b->name);
}

static long symbol_at(const struct code *c, uint64_t address)
{
    size_t low = 0, high = c->symbols.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c->symbols.items[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i-- > 0 && i + 8 > low;)
        if (address - c->symbols.items[i].address < c->symbols.items[i].size)
            return (long)i;
    return NOWHERE;
}

static void add_references(struct code *c, const struct elf_section *section)
{
    struct reader in = reader_at(elf_section_bytes(c->f, section), 0);
    struct elf_relocation r;
    while (elf_next_relocation(&in, &r)) {
        if (r.symbol == 0 || r.symbol >= c->f->symbol_count)
            continue;
        const struct elf_symbol *symbol = &c->f->symbols[r.symbol];
        bool relative = r.type == R_X86_64_PC32 || r.type == R_X86_64_PLT32;
        uint64_t to = symbol->address + (symbol->type == STT_SECTION ? r.addend + (relative ? 4 : 0) : 0);
        bool missing = symbol->section == SHN_UNDEF;
        *vec_add(c->a, &c->references) = (struct reference){.place = r.place, .from = symbol_at(c, r.place), .to = missing ? NOWHERE : symbol_at(c, to),
                                                            .missing = missing ? symbol->name : NULL};
    }
}

/* Our linker's: what is no such file has no references. */
static bool open_code(struct code *c, const struct source *s)
{
    struct elf_wrong wrong;
    c->f = elf_parse(c->a, (struct view){(const unsigned char *)s->bytes, s->size}, ELF_PROGRAM, &wrong);
    if (!c->f || !c->f->symbols)
        return false;
    for (size_t i = 1; i < c->f->symbol_count; i++) {
        const struct elf_symbol *symbol = &c->f->symbols[i];
        if (symbol->section != SHN_UNDEF && symbol->section < SHN_LORESERVE && symbol->size)
            *vec_add(c->a, &c->symbols) = *symbol;
    }
    if (c->symbols.count)
        qsort(c->symbols.items, c->symbols.count, sizeof *c->symbols.items, by_address);
    for (size_t i = 1; i < c->f->section_count; i++)
        if (elf_is_kept(c->f, &c->f->sections[i]))
            add_references(c, &c->f->sections[i]);
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
            *vec_add(c->a, out) = (struct caller){.function = c->symbols.items[r->from].name};
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
                *vec_add(c->a, &names) = c->symbols.items[level[i]->from].name;
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
    struct code c = {.a = a, .file = file};
    const struct source *s = file_read(a, file, SPAN_NONE, FILE_MOST, d);
    if (!s || !open_code(&c, s))
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
