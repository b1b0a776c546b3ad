/*
 * tools_identity.c - see tools_identity.h.
 */
#include "tools_identity.h"
#include <string.h>
#include "../ukc/base/arena.h"
#include "canon.h"

#define LINES 100000

static bool read_part(struct arena *a, const struct canon_line *l, struct tools_part *p)
{
    if (l->count != 4 || !hash_parse(l->words[1], &p->file.sha256) || !canon_parse_number(l->words[2], &p->file.size) || !canon_is_path(a, l->words[3]))
        return false;
    p->kind = l->words[0];
    p->file.name = l->words[3];
    p->file.program = strcmp(p->kind, "program") == 0;
    return true;
}

const struct tools_part *tools_parts(struct arena *a, const char *identity, size_t size, size_t *count)
{
    size_t lines;
    const struct canon_line *all = canon_lines(a, identity, size, LINES, &lines);
    VEC(struct tools_part) parts = {};
    for (size_t i = 1; all && i < lines; i++)
        if (!read_part(a, &all[i], vec_add(a, &parts)))
            return NULL;
    *count = parts.count;
    return parts.items;
}

const struct tools_file *tools_files(struct arena *a, const char *identity, size_t size, size_t *count)
{
    const struct tools_part *parts = tools_parts(a, identity, size, count);
    struct tools_file *files = parts ? arena_array(a, struct tools_file, *count) : NULL;
    for (size_t i = 0; parts && i < *count; i++)
        files[i] = parts[i].file;
    return files;
}
