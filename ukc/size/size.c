/*
 * size.c - an image's file in parts, from its first byte to its last; see size.h.
 */
#include "size_inside.h"
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include "../base/file.h"
#include "../base/map.h"
#include "../base/text.h"

/* ---- the file as the headers say it is ---- */

struct range {
    uint64_t offset, bytes;
    const struct elf_section *section; /* NULL: a header */
    const char *name;
};

typedef VEC(struct range) range_list;

static int range_compare(const void *x, const void *y)
{
    const struct range *a = x, *b = y;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Everything in the file, in order.  False after reporting that something lies in two. */
static bool find_ranges(struct arena *a, const struct elf_file *f, range_list *out, struct diag *d)
{
    *vec_add(a, out) = (struct range){0, sizeof(Elf64_Ehdr), NULL, "(file header)"};
    if (f->program_headers_size)
        *vec_add(a, out) = (struct range){f->program_headers, f->program_headers_size, NULL, "(program headers)"};
    *vec_add(a, out) = (struct range){f->section_headers, f->section_headers_size, NULL, "(section headers)"};
    for (size_t i = 1; i < f->section_count; i++)
        if (f->sections[i].bytes)
            *vec_add(a, out) = (struct range){f->sections[i].offset, f->sections[i].bytes, &f->sections[i], f->sections[i].name};
    qsort(out->items, out->count, sizeof *out->items, range_compare);
    for (size_t i = 1; i < out->count; i++)
        if (out->items[i].offset - out->items[i - 1].offset < out->items[i - 1].bytes) {
            diag_fail(d, DIAG_INTEGRITY, SPAN_NONE, "'%s' is damaged: %s and %s overlap", f->path, out->items[i - 1].name, out->items[i].name);
            return diag_help(d, "'ukc build' makes an image anew when it is removed");
        }
    return true;
}

static bool is_loaded(const struct elf_section *s)
{
    return s && s->flags & SHF_ALLOC;
}

static enum size_other kind_of(const struct range *r)
{
    if (!r->section || string_equal(r->name, ".shstrtab") || string_equal(r->name, ".gnu_debuglink") || string_equal(r->name, ".comment"))
        return SIZE_HEADERS;
    return SIZE_DEBUG;
}

static void add_range(struct size_facts *f, const struct range *r, part_list *out)
{
    if (f->linked && is_loaded(r->section)) {
        parts_of_section(f, r->section, out);
        return;
    }
    *vec_add(f->a, out) = (struct size_part){.offset = r->offset, .bytes = r->bytes, .address = is_loaded(r->section) ? r->section->address : 0,
                                             .instance = is_loaded(r->section) ? NULL : size_other_names[kind_of(r)], .symbol = r->name, .section = r->name};
}

static void add_gap(struct size_facts *f, uint64_t from, uint64_t to, part_list *out)
{
    const char *name = size_other_names[SIZE_PADDING];
    if (from < to)
        *vec_add(f->a, out) = (struct size_part){.offset = from, .bytes = to - from, .instance = name, .symbol = name, .section = name};
}

/* ---- the facts ---- */

/* What is loaded is the same; one that only has debug information has no contents. */
static bool belongs(const struct elf_file *image, const struct elf_file *linked)
{
    for (size_t i = 1; i < image->section_count; i++) {
        const struct elf_section *s = &image->sections[i], *t = elf_section_find(linked, s->name);
        if (!is_loaded(s) || (!t && s->type == SHT_RELA)) /* which llvm-objcopy takes out of debug information */
            continue;
        if (!t || t->address != s->address || t->size != s->size)
            return false;
        if (s->bytes && t->bytes && memcmp(elf_section_bytes(image, s).at, elf_section_bytes(linked, t).at, s->bytes) != 0)
            return false;
    }
    return true;
}

/* The linker writes both: what is loaded has its line. */
static bool read_map(struct size_facts *f, const char *path, struct diag *d)
{
    const char *why = "is not there";
    size_t before = diag_errors(d);
    f->map = file_is_regular(path) ? link_map_read(f->a, path, d) : NULL;
    bool good = f->map;
    for (size_t i = 1; good && i < f->linked->section_count; i++) {
        const struct elf_section *s = &f->linked->sections[i];
        if (is_loaded(s) && s->size)
            good = link_map_has(f->map, s->name, s->address, s->size);
        why = "is of another";
    }
    if (good || diag_errors(d) > before)
        return good;
    diag_fail(d, DIAG_MISSING, SPAN_NONE, "'%s', the linker's map of '%s', %s", path, f->linked->path ? f->linked->path : "the image", why);
    return diag_help(d, "'ukc clean' and 'ukc build' make both again; '--by section' needs the image alone");
}

static bool open_facts(struct size_facts *f, const struct size_sources *from, struct diag *d)
{
    f->image = elf_file_open(f->a, from->image, d);
    if (!f->image || !from->linked)
        return f->image;
    f->linked = string_equal(from->linked, from->image) ? f->image : elf_file_open(f->a, from->linked, d);
    if (!f->linked)
        return false;
    if (!f->linked->symbols) {
        diag_fail(d, DIAG_MISSING, SPAN_NONE, "'%s' has no symbols, and no file with them lies beside it", from->linked);
        return diag_help(d, "'ukc build' leaves them beside the image; '--by section' needs none");
    }
    if (f->linked != f->image && !belongs(f->image, f->linked)) {
        diag_fail(d, DIAG_MISSING, SPAN_NONE, "'%s' is not of the same build as '%s'", from->linked, from->image);
        return diag_help(d, "'ukc build' makes both; '--by section' needs the image alone");
    }
    if (!from->map)
        f->map = arena_new(f->a, struct link_map);
    else if (!read_map(f, from->map, d))
        return false;
    f->debug = debug_info_read(f->a, f->linked);
    owners_prepare(f);
    return true;
}

static void close_facts(struct size_facts *f)
{
    if (f->linked != f->image)
        elf_file_close((struct elf_file *)f->linked);
    elf_file_close((struct elf_file *)f->image);
}

/* "build/kvm/root/libs.http1/serve.c": what lies behind a link is known by the link's name. */
static const char *shown(const char *file)
{
    const char *root = string_starts(file, "build/") ? strstr(file, "/root/") : NULL;
    return root ? root + strlen("/root/") : file;
}

/* What is still unknown, and names that outlive the file. */
static void settle(struct size_facts *f, part_list *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        struct size_part *p = &parts->items[i];
        p->instance = arena_strdup(f->a, p->instance ? p->instance : size_other_names[SIZE_SHARED]);
        p->file = arena_strdup(f->a, shown(p->file ? p->file : ""));
        p->symbol = arena_strdup(f->a, p->symbol);
        p->section = arena_strdup(f->a, p->section);
    }
}

const struct size_report *size_read(struct arena *a, const struct size_sources *from, struct diag *d)
{
    struct size_facts f = {.a = a};
    range_list ranges = {};
    part_list parts = {};
    struct size_report *report = NULL;
    if (open_facts(&f, from, d) && find_ranges(a, f.image, &ranges, d)) {
        uint64_t at = 0;
        for (size_t i = 0; i < ranges.count; i++) {
            add_gap(&f, at, ranges.items[i].offset, &parts);
            add_range(&f, &ranges.items[i], &parts);
            at = ranges.items[i].offset + ranges.items[i].bytes;
        }
        add_gap(&f, at, f.image->file.size, &parts);
        if (f.linked)
            references_follow(&f, &parts);
        settle(&f, &parts);
        report = arena_new(a, struct size_report);
        *report = (struct size_report){.image = arena_strdup(a, from->image), .bytes = f.image->file.size, .parts = parts.items, .count = parts.count,
                                       .entry = parts.count};
        if (f.linked) {
            references_report(&f, &parts, report);
            lines_report(&f, report);
        }
    }
    close_facts(&f);
    return report;
}

/* ---- sums ---- */

static const char *name_by(const struct size_part *p, enum size_by by)
{
    switch (by) {
    case SIZE_BY_instance: return p->instance;
    case SIZE_BY_file: return *p->file ? p->file : p->instance;
    case SIZE_BY_symbol: return p->symbol;
    case SIZE_BY_section: return p->section;
    }
    return "";
}

static int sum_compare(const void *x, const void *y)
{
    const struct size_sum *a = x, *b = y;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->instance, b->instance);
}

static uint64_t lines_of(const struct size_report *r, const char *instance)
{
    for (size_t i = 0; i < r->line_count; i++)
        if (strcmp(r->lines[i].instance, instance) == 0)
            return r->lines[i].lines;
    return 0;
}

const struct size_sum *size_sums(struct arena *a, const struct size_report *r, enum size_by by, size_t *count)
{
    VEC(struct size_sum) sums = {};
    struct map places = {};
    bool plain = by == SIZE_BY_instance || by == SIZE_BY_section;
    for (size_t i = 0; i < r->count; i++) {
        const struct size_part *p = &r->parts[i];
        const char *name = name_by(p, by), *instance = plain ? name : p->instance;
        uint32_t place = map_add(&places, plain ? name : arena_printf(a, "%s\n%s\n%s", instance, name, by == SIZE_BY_symbol ? p->file : ""), (uint32_t)sums.count);
        if (place == MAP_ABSENT)
            *vec_add(a, &sums) = (struct size_sum){name, instance, p->bytes, by == SIZE_BY_instance ? lines_of(r, name) : 0};
        else
            sums.items[place].bytes += p->bytes;
    }
    map_dispose(&places);
    if (sums.count)
        qsort(sums.items, sums.count, sizeof *sums.items, sum_compare);
    *count = sums.count;
    return sums.items;
}
