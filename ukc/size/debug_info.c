/*
 * debug_info.c - units, functions and variables of .debug_info; see debug_info.h.
 *
 * Every entry is stepped over, in one pass: clang writes no DW_AT_sibling.  Entries are remembered by their offset, because one
 * that was inlined or compiled names another for all that can be said once.
 */
#include "debug_info.h"
#include <stdlib.h>
#include <string.h>
#include "../base/file.h"
#include "../base/text.h"

enum { TAG_UNIT = 0x11, TAG_INLINED = 0x1d, TAG_FUNCTION = 0x2e, TAG_VARIABLE = 0x34 };
enum {
    AT_LOCATION = 0x02, AT_NAME = 0x03, AT_STMT_LIST = 0x10, AT_LOW_PC = 0x11, AT_HIGH_PC = 0x12, AT_PRODUCER = 0x25, AT_ORIGIN = 0x31,
    AT_DECL_FILE = 0x3a, AT_DECL_LINE = 0x3b, AT_SPECIFICATION = 0x47,
};
enum { OP_ADDR = 0x03, DEPTH_MOST = 512, ORIGINS_MOST = 4 };

struct shape { /* an abbreviation */
    uint64_t tag;
    bool children;
    size_t first, count; /* of attributes */
};

struct attribute {
    uint64_t name, form;
};

struct shapes {
    uint64_t offset;
    bool read;
    VEC(struct shape) items; /* codes count from 1, in order */
    VEC(struct attribute) attributes;
};

/* What other entries may refer to. */
struct named {
    uint64_t offset, origin; /* of another entry; 0: none */
    const char *name;
    uint64_t file, line;
    uint32_t unit;
};

struct entry {
    uint64_t tag, low, high, origin, file, line, lines;
    bool has_low, high_is_size, has_lines;
    const char *name, *producer;
    struct reader location;
};

struct pending { /* a thing, or inlined, before names are known */
    uint64_t address, size, offset;
    uint32_t unit;
    size_t into; /* of what was inlined: index + 1 in `things` */
};

struct scan {
    struct arena *a;
    const struct elf_file *f;
    struct view info, abbreviations, strings;
    struct shapes shapes;
    VEC(struct debug_unit) units;
    VEC(struct named) named;
    VEC(struct pending) things, inlined;
    uint64_t unit_offset;
    unsigned version;
};

/* ---- abbreviations ---- */

static void read_shapes(struct scan *s, uint64_t offset)
{
    struct shapes *t = &s->shapes;
    if (t->read && t->offset == offset)
        return;
    struct reader r = reader_at(s->abbreviations, offset);
    t->read = true;
    t->offset = offset;
    t->items.count = t->attributes.count = 0;
    for (uint64_t code; (code = read_uleb(&r)) == t->items.count + 1;) {
        struct shape shape = {.tag = read_uleb(&r), .children = read_number(&r, 1), .first = t->attributes.count};
        for (;;) {
            struct attribute x = {.name = read_uleb(&r)};
            x.form = read_uleb(&r);
            if (r.bad || (!x.name && !x.form))
                break;
            *vec_add(s->a, &t->attributes) = x;
            shape.count++;
        }
        if (r.bad)
            return;
        *vec_add(s->a, &t->items) = shape;
    }
}

/* ---- attributes ---- */

struct value {
    uint64_t number;
    const char *string;
    struct reader block;
};

static bool read_block(struct reader *r, uint64_t size, struct value *v)
{
    v->block = read_part(r, size);
    return !r->bad;
}

/* False: a form that is not known, so nothing behind it can be read. */
static bool read_form(struct scan *s, struct reader *r, uint64_t form, struct value *v)
{
    *v = (struct value){};
    switch (form) {
    case 0x01: /* addr */ case 0x07: /* data8 */ case 0x20: /* ref_sig8 */
        v->number = read_number(r, 8);
        return true;
    case 0x03: return read_block(r, read_number(r, 2), v);
    case 0x04: return read_block(r, read_number(r, 4), v);
    case 0x09: case 0x18: return read_block(r, read_uleb(r), v); /* block, exprloc */
    case 0x0a: return read_block(r, read_number(r, 1), v);
    case 0x05: v->number = read_number(r, 2); return true;
    case 0x06: case 0x10: case 0x17: /* data4, ref_addr, sec_offset */
        v->number = read_number(r, form == 0x10 && s->version == 2 ? 8 : 4);
        return true;
    case 0x08: v->string = read_string(r); return true;
    case 0x0b: case 0x0c: v->number = read_number(r, 1); return true; /* data1, flag */
    case 0x0d: v->number = (uint64_t)read_sleb(r); return true;
    case 0x0e: v->string = view_string(s->strings, read_number(r, 4)); return true;
    case 0x0f: v->number = read_uleb(r); return true;
    case 0x11: v->number = s->unit_offset + read_number(r, 1); return true; /* ref1 and so on */
    case 0x12: v->number = s->unit_offset + read_number(r, 2); return true;
    case 0x13: v->number = s->unit_offset + read_number(r, 4); return true;
    case 0x14: v->number = s->unit_offset + read_number(r, 8); return true;
    case 0x15: v->number = s->unit_offset + read_uleb(r); return true;
    case 0x19: v->number = 1; return true; /* flag_present */
    default: return false;
    }
}

static void take(struct entry *e, uint64_t name, uint64_t form, const struct value *v)
{
    switch (name) {
    case AT_NAME: e->name = v->string; break;
    case AT_PRODUCER: e->producer = v->string; break;
    case AT_ORIGIN: case AT_SPECIFICATION: e->origin = v->number; break;
    case AT_DECL_FILE: e->file = v->number; break;
    case AT_DECL_LINE: e->line = v->number; break;
    case AT_LOCATION: e->location = v->block; break;
    case AT_STMT_LIST: e->lines = v->number; e->has_lines = true; break;
    case AT_LOW_PC: e->low = v->number; e->has_low = true; break;
    case AT_HIGH_PC: e->high = v->number; e->high_is_size = form != 0x01; break;
    }
}

static bool read_entry(struct scan *s, struct reader *r, const struct shape *shape, struct entry *e)
{
    *e = (struct entry){.tag = shape->tag};
    for (size_t i = 0; i < shape->count; i++) {
        const struct attribute *x = &s->shapes.attributes.items[shape->first + i];
        struct value v;
        if (!read_form(s, r, x->form, &v) || r->bad)
            return false;
        take(e, x->name, x->form, &v);
    }
    return true;
}

/* ---- entries ---- */

static void add_unit(struct scan *s, const struct entry *e)
{
    static const char mark[] = " instance=";
    const char *made_for = e->producer ? strstr(e->producer, mark) : NULL;
    struct debug_unit u = {.source = e->name ? path_normal(s->a, e->name) : "", .made_for = made_for ? made_for + strlen(mark) : NULL,
                           .lines = e->has_lines ? e->lines : UINT64_MAX};
    if (e->has_lines)
        u.files = debug_files(s->a, s->f, e->lines, &u.file_count);
    *vec_add(s->a, &s->units) = u;
}

/* Where a variable lies, if that is one address. */
static bool find_address(const struct entry *e, uint64_t *address)
{
    struct reader r = e->location;
    if (reader_left(&r) != 9 || read_number(&r, 1) != OP_ADDR)
        return false;
    *address = read_number(&r, 8);
    return *address != 0;
}

/* `function`: index + 1 of the thing that entries are within. */
static void add_entry(struct scan *s, const struct entry *e, uint64_t offset, size_t *function)
{
    uint32_t unit = (uint32_t)s->units.count - 1;
    struct pending p = {.offset = offset, .unit = unit};
    if (e->tag != TAG_FUNCTION && e->tag != TAG_VARIABLE && e->tag != TAG_INLINED)
        return;
    *vec_add(s->a, &s->named) = (struct named){.offset = offset, .origin = e->origin, .name = e->name, .file = e->file, .line = e->line, .unit = unit};
    if (e->tag == TAG_INLINED && *function) {
        p.into = *function;
        *vec_add(s->a, &s->inlined) = p;
    } else if (e->tag == TAG_FUNCTION && e->has_low && e->low) {
        p.address = e->low;
        p.size = e->high_is_size ? e->high : e->high - e->low;
        *vec_add(s->a, &s->things) = p;
        *function = s->things.count;
    } else if (e->tag == TAG_VARIABLE && find_address(e, &p.address)) {
        *vec_add(s->a, &s->things) = p;
    }
}

static void scan_entries(struct scan *s, struct reader *r)
{
    size_t depth = 0, function = 0, function_depth = 0;
    while (reader_left(r)) {
        uint64_t offset = (uint64_t)(r->at - s->info.at), code = read_uleb(r);
        struct entry e;
        if (code == 0) {
            depth -= depth > 0;
            if (depth <= function_depth)
                function = 0;
            continue;
        }
        if (code > s->shapes.items.count)
            return;
        const struct shape *shape = &s->shapes.items.items[code - 1];
        if (!read_entry(s, r, shape, &e))
            return;
        if (e.tag == TAG_UNIT && depth == 0)
            add_unit(s, &e);
        else if (depth == 0)
            return; /* a type's unit, or part of one */
        size_t before = function;
        add_entry(s, &e, offset, &function);
        if (function != before)
            function_depth = depth;
        if (shape->children && ++depth > DEPTH_MOST)
            return;
    }
}

static void scan_units(struct scan *s)
{
    struct reader r = reader_at(s->info, 0);
    while (reader_left(&r)) {
        s->unit_offset = (uint64_t)(r.at - s->info.at);
        struct reader unit = read_part(&r, read_number(&r, 4)); /* the 64-bit format has a length that is no length */
        s->version = (unsigned)read_number(&unit, 2);
        uint64_t shapes = read_number(&unit, 4), address = read_number(&unit, 1);
        if (unit.bad || s->version < 2 || s->version > 4 || address != 8)
            continue;
        read_shapes(s, shapes);
        scan_entries(s, &unit);
    }
}

/* ---- names ---- */

static const struct named *find_named(const struct scan *s, uint64_t offset)
{
    size_t low = 0, high = s->named.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->named.items[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->named.count && s->named.items[low].offset == offset ? &s->named.items[low] : NULL;
}

static const char *file_of(const struct scan *s, const struct named *n)
{
    const struct debug_unit *u = &s->units.items[n->unit];
    return n->file < u->file_count ? u->files[n->file] : NULL;
}

static void describe(const struct scan *s, uint64_t offset, struct debug_thing *out)
{
    const struct named *n = find_named(s, offset);
    for (int i = 0; n && i < ORIGINS_MOST; i++) {
        out->name = out->name ? out->name : n->name;
        out->line = out->line ? out->line : (uint32_t)n->line;
        out->file = out->file ? out->file : file_of(s, n);
        n = n->origin ? find_named(s, n->origin) : NULL;
    }
    out->name = out->name ? out->name : "";
    out->file = out->file ? out->file : s->units.items[out->unit].source;
}

/* The unit that has the definition: with whole-program optimisation perhaps another than that of the function it became part of. */
static uint32_t unit_of(const struct scan *s, const struct pending *p)
{
    const struct named *n = find_named(s, p->offset);
    for (int i = 0; n && n->origin && i < ORIGINS_MOST; i++)
        n = find_named(s, n->origin);
    return n ? n->unit : p->unit;
}

struct sorted {
    struct debug_thing thing;
    size_t was;
};

static int by_address(const void *x, const void *y)
{
    const struct sorted *a = x, *b = y;
    if (a->thing.address != b->thing.address)
        return a->thing.address < b->thing.address ? -1 : 1;
    return a->was < b->was ? -1 : a->was > b->was;
}

static void finish(struct scan *s, struct debug_info *out)
{
    size_t count = s->things.count;
    struct sorted *sorted = arena_array(s->a, struct sorted, count);
    struct debug_thing *things = arena_array(s->a, struct debug_thing, count);
    struct debug_inlined *inlined = arena_array(s->a, struct debug_inlined, s->inlined.count);
    uint32_t *now = arena_array(s->a, uint32_t, count);
    for (size_t i = 0; i < count; i++) {
        const struct pending *p = &s->things.items[i];
        sorted[i] = (struct sorted){{.address = p->address, .size = p->size, .unit = p->unit}, i};
        describe(s, p->offset, &sorted[i].thing);
    }
    if (count)
        qsort(sorted, count, sizeof *sorted, by_address);
    for (size_t i = 0; i < count; i++) {
        things[i] = sorted[i].thing;
        now[sorted[i].was] = (uint32_t)i;
    }
    for (size_t i = 0; i < s->inlined.count; i++) {
        const struct pending *p = &s->inlined.items[i];
        struct debug_thing of = {.unit = p->unit};
        describe(s, p->offset, &of);
        inlined[i] = (struct debug_inlined){.name = of.name, .into = now[p->into - 1], .unit = unit_of(s, p)};
    }
    *out = (struct debug_info){.units = s->units.items, .unit_count = s->units.count, .things = things, .thing_count = count,
                               .inlined = inlined, .inlined_count = s->inlined.count};
}

const struct debug_info *debug_info_read(struct arena *a, const struct elf_file *f)
{
    struct debug_info *out = arena_new(a, struct debug_info);
    struct scan s = {.a = a, .f = f,
                     .info = elf_section_bytes(f, elf_section_find(f, ".debug_info")),
                     .abbreviations = elf_section_bytes(f, elf_section_find(f, ".debug_abbrev")),
                     .strings = elf_section_bytes(f, elf_section_find(f, ".debug_str"))};
    scan_units(&s);
    finish(&s, out);
    return out;
}

const struct debug_thing *debug_thing_at(const struct debug_info *d, uint64_t address)
{
    size_t low = 0, high = d->thing_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (d->things[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->thing_count && d->things[low].address == address ? &d->things[low] : NULL;
}
