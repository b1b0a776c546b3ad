/*
 * size_lines.c - how many lines of source an instance has in the image.
 */
#include "size_inside.h"
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include "../base/map.h"

struct row {
    uint32_t instance, file;
    uint64_t line;
};

struct counting {
    struct size_facts *f;
    const struct debug_unit *unit;
    struct map instances, files;
    VEC(const char *) names; /* of instances */
    VEC(struct row) rows;
    uint32_t file_count;
};

static bool has_code(const struct size_facts *f, uint64_t address)
{
    const struct elf_section *s = address ? elf_section_at(f->image, address) : NULL;
    return s && s->flags & SHF_EXECINSTR;
}

static void take_row(void *context, uint64_t address, uint64_t file, uint64_t line)
{
    struct counting *c = context;
    const char *path = file < c->unit->file_count ? c->unit->files[file] : NULL;
    const char *owner = path && has_code(c->f, address) ? owner_of_unit(c->f, c->unit, address) : NULL;
    if (!owner)
        return;
    uint32_t instance = map_add(&c->instances, owner, (uint32_t)c->names.count), id = map_add(&c->files, path, c->file_count);
    if (instance == MAP_ABSENT) {
        instance = (uint32_t)c->names.count;
        *vec_add(c->f->a, &c->names) = owner;
    }
    if (id == MAP_ABSENT)
        id = c->file_count++;
    struct row *last = c->rows.count ? &c->rows.items[c->rows.count - 1] : NULL;
    if (!last || last->instance != instance || last->file != id || last->line != line)
        *vec_add(c->f->a, &c->rows) = (struct row){instance, id, line};
}

static int row_compare(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    if (a->instance != b->instance)
        return a->instance < b->instance ? -1 : 1;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static int lines_compare(const void *x, const void *y)
{
    return strcmp(((const struct size_lines *)x)->instance, ((const struct size_lines *)y)->instance);
}

void lines_report(struct size_facts *f, struct size_report *out)
{
    struct counting c = {.f = f};
    for (size_t i = 0; i < f->debug->unit_count; i++) {
        c.unit = &f->debug->units[i];
        if (c.unit->lines != UINT64_MAX)
            debug_lines(f->linked, c.unit->lines, take_row, &c);
    }
    struct size_lines *lines = arena_array(f->a, struct size_lines, c.names.count + 1);
    for (size_t i = 0; i < c.names.count; i++)
        lines[i].instance = arena_strdup(f->a, c.names.items[i]);
    if (c.rows.count)
        qsort(c.rows.items, c.rows.count, sizeof *c.rows.items, row_compare);
    for (size_t i = 0; i < c.rows.count; i++)
        lines[c.rows.items[i].instance].lines += i == 0 || row_compare(&c.rows.items[i], &c.rows.items[i - 1]) != 0;
    qsort(lines, c.names.count, sizeof *lines, lines_compare);
    out->lines = lines;
    out->line_count = c.names.count;
    map_dispose(&c.instances);
    map_dispose(&c.files);
}
