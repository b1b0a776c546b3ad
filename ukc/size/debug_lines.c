/*
 * debug_lines.c - the line table of a unit (DWARF 4, section 6.2); see debug_info.h.
 */
#include "debug_info.h"
#include <string.h>
#include "../base/file.h"

struct table {
    struct reader head, program;
    unsigned version;
    uint64_t least, line_range, opcode_base;
    int64_t line_base;
    bool statement;
    struct reader lengths; /* of the standard opcodes' arguments */
};

static bool open_table(const struct elf_file *f, uint64_t offset, struct table *t)
{
    struct reader r = reader_at(elf_section_bytes(f, elf_section_find(f, ".debug_line")), offset);
    r = read_part(&r, read_number(&r, 4));
    *t = (struct table){.version = (unsigned)read_number(&r, 2)};
    t->head = read_part(&r, read_number(&r, 4));
    t->program = r;
    t->least = read_number(&t->head, 1);
    if (t->version >= 4)
        read_number(&t->head, 1); /* operations of one instruction: 1 */
    t->statement = read_number(&t->head, 1);
    t->line_base = (int8_t)read_number(&t->head, 1);
    t->line_range = read_number(&t->head, 1);
    t->opcode_base = read_number(&t->head, 1);
    t->lengths = read_part(&t->head, t->opcode_base ? t->opcode_base - 1 : 0);
    return !r.bad && !t->head.bad && t->version >= 2 && t->version <= 4 && t->line_range && t->opcode_base;
}

const char *const *debug_files(struct arena *a, const struct elf_file *f, uint64_t offset, size_t *count)
{
    VEC(const char *) directories = {}, files = {};
    struct table t;
    const char *s;
    *count = 0;
    if (!open_table(f, offset, &t))
        return NULL;
    *vec_add(a, &directories) = "";
    *vec_add(a, &files) = NULL;
    while (*(s = read_string(&t.head)))
        *vec_add(a, &directories) = s;
    while (*(s = read_string(&t.head))) {
        uint64_t directory = read_uleb(&t.head);
        read_uleb(&t.head);
        read_uleb(&t.head);
        const char *in = directory < directories.count ? directories.items[directory] : "";
        *vec_add(a, &files) = path_normal(a, *in ? path_join(a, in, s) : s);
    }
    *count = files.count;
    return files.items;
}

struct state {
    uint64_t address, file, line;
    bool statement;
};

/* An extended opcode; true: the sequence ends. */
static bool run_extended(struct reader *r, struct state *s)
{
    struct reader part = read_part(r, read_uleb(r));
    uint64_t code = read_number(&part, 1);
    if (code == 2)
        s->address = read_number(&part, 8);
    return code == 1;
}

static void skip_arguments(const struct table *t, struct reader *r, uint64_t code)
{
    struct reader lengths = t->lengths;
    read_part(&lengths, code - 1);
    for (uint64_t n = read_number(&lengths, 1); n > 0 && !r->bad; n--)
        read_uleb(r);
}

/* A standard opcode; true: a row. */
static bool run_standard(const struct table *t, struct reader *r, struct state *s, uint64_t code)
{
    switch (code) {
    case 1: return true;
    case 2: s->address += read_uleb(r) * t->least; break;
    case 3: s->line += (uint64_t)read_sleb(r); break;
    case 4: s->file = read_uleb(r); break;
    case 6: s->statement = !s->statement; break;
    case 8: s->address += (255 - t->opcode_base) / t->line_range * t->least; break;
    case 9: s->address += read_number(r, 2); break;
    default: skip_arguments(t, r, code);
    }
    return false;
}

void debug_lines(const struct elf_file *f, uint64_t offset, void (*row)(void *, uint64_t, uint64_t, uint64_t), void *context)
{
    struct table t;
    if (!open_table(f, offset, &t))
        return;
    struct state begin = {.file = 1, .line = 1, .statement = t.statement}, s = begin;
    while (reader_left(&t.program)) {
        uint64_t code = read_number(&t.program, 1);
        bool is_row = false;
        if (code >= t.opcode_base) {
            s.address += (code - t.opcode_base) / t.line_range * t.least;
            s.line += (uint64_t)(t.line_base + (int64_t)((code - t.opcode_base) % t.line_range));
            is_row = true;
        } else if (code == 0) {
            if (run_extended(&t.program, &s))
                s = begin;
        } else {
            is_row = run_standard(&t, &t.program, &s, code);
        }
        if (is_row && s.statement && s.line)
            row(context, s.address, s.file, s.line);
    }
}
