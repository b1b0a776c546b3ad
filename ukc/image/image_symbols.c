/*
 * image_symbols.c - see image_symbols.h.
 */
#include "image_symbols.h"
#include <stdlib.h>
#include <string.h>
#include "../base/elf_file.h"

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
    struct elf_wrong wrong;
    const struct elf_file *f = elf_parse(a, (struct view){(const unsigned char *)image->bytes, image->size}, ELF_PROGRAM, &wrong);
    VEC(struct image_symbol) list = {};
    for (size_t i = 1; f && i < f->symbol_count; i++) {
        const struct elf_symbol *s = &f->symbols[i];
        if (s->size && s->section != SHN_UNDEF && *s->name && (s->type == STT_FUNC || s->type == STT_OBJECT))
            *vec_add(a, &list) = (struct image_symbol){s->name, s->size};
    }
    *count = merge(list.items, list.count);
    return list.items;
}
