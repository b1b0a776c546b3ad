/*
 * image_symbols.c - see image_symbols.h.  System V ABI, gABI chapter 4 ("Sections", "Symbol Table"), ELF-64.
 */
#include "image_symbols.h"
#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct table {
    const struct source *s;
    Elf64_Shdr symbols, names;
};

static bool take(const struct source *s, uint64_t offset, void *out, size_t size)
{
    bool fits = offset <= s->size && size <= s->size - offset;
    if (fits)
        memcpy(out, s->bytes + offset, size);
    return fits;
}

static bool fits(const struct source *s, const Elf64_Shdr *h)
{
    return h->sh_offset <= s->size && h->sh_size <= s->size - h->sh_offset;
}

static bool find_table(struct table *t)
{
    Elf64_Ehdr head;
    if (!take(t->s, 0, &head, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    for (uint64_t i = 0; i < head.e_shnum; i++)
        if (take(t->s, head.e_shoff + i * sizeof(Elf64_Shdr), &t->symbols, sizeof t->symbols) && t->symbols.sh_type == SHT_SYMTAB &&
            t->symbols.sh_link < head.e_shnum)
            return take(t->s, head.e_shoff + t->symbols.sh_link * sizeof(Elf64_Shdr), &t->names, sizeof t->names) && fits(t->s, &t->symbols) &&
                   fits(t->s, &t->names);
    return false;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct image_symbol *)a)->name, ((const struct image_symbol *)b)->name);
}

static size_t merge(struct image_symbol *list, size_t count)
{
    size_t n = 0;
    if (count)
        qsort(list, count, sizeof *list, compare);
    for (size_t i = 0; i < count; i++)
        if (n && strcmp(list[n - 1].name, list[i].name) == 0)
            list[n - 1].bytes += list[i].bytes;
        else
            list[n++] = list[i];
    return n;
}

const struct image_symbol *image_symbols(struct arena *a, const struct source *image, size_t *count)
{
    struct table t = {.s = image};
    VEC(struct image_symbol) list = {};
    bool found = find_table(&t);
    for (uint64_t at = 0; found && at + sizeof(Elf64_Sym) <= t.symbols.sh_size; at += sizeof(Elf64_Sym)) {
        Elf64_Sym s;
        if (!take(image, t.symbols.sh_offset + at, &s, sizeof s) || !s.st_size || s.st_shndx == SHN_UNDEF || s.st_name >= t.names.sh_size)
            continue;
        unsigned type = ELF64_ST_TYPE(s.st_info);
        const char *name = image->bytes + t.names.sh_offset + s.st_name;
        size_t length = strnlen(name, t.names.sh_size - s.st_name);
        if (length && (type == STT_FUNC || type == STT_OBJECT))
            *vec_add(a, &list) = (struct image_symbol){arena_strndup(a, name, length), s.st_size};
    }
    *count = merge(list.items, list.count);
    return list.items;
}
