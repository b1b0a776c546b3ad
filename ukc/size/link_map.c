/*
 * link_map.c - see link_map.h.
 */
#include "link_map.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/file.h"
#include "../base/text.h"

enum { INDENTATION = 8 };

static int by_address(const void *x, const void *y)
{
    const struct placed *a = x, *b = y;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return a->size < b->size ? -1 : a->size > b->size;
}

/*
 * False: a line of another kind; of an output section, out->section is its name all the same.  *loaded: the output section is in memory.  What is only in the file (relocations that were kept, debug
 * information) counts from 0, and its inputs have addresses that are something else's.
 */
static bool parse_line(struct arena *a, const char *line, size_t length, struct placed *out, bool *loaded)
{
    *out = (struct placed){};
    char *text = arena_strndup(a, line, length), *end;
    uint64_t number[4];
    for (size_t i = 0; i < 4; i++) {
        text += strspn(text, " ");
        number[i] = strtoull(text, &end, 16);
        if (end == text || *end != ' ')
            return false;
        text = end;
    }
    size_t blanks = strspn(++text, " "); /* one separates */
    char *section = strstr(text, ":(");
    size_t n = strlen(text);
    if (!blanks) {
        *loaded = number[0] != 0;
        *out = (struct placed){.address = number[0], .size = number[2], .section = text};
    }
    if (blanks != INDENTATION || !section || text[n - 1] != ')' || !*loaded)
        return false;
    for (char *next; (next = strstr(section + 1, ":(")) != NULL;)
        section = next; /* a path may hold one, a section's name does not */
    *section = '\0';
    text[n - 1] = '\0';
    *out = (struct placed){.address = number[0], .size = number[2], .object = text + blanks, .section = section + 2};
    return number[0] && number[2];
}

const struct link_map *link_map_parse(struct arena *a, const char *text)
{
    struct link_map *map = arena_new(a, struct link_map);
    VEC(struct placed) items = {}, outputs = {};
    struct placed found;
    bool loaded = false;
    for (size_t n; *text; text += n + (text[n] == '\n')) {
        n = strcspn(text, "\n");
        if (parse_line(a, text, n, &found, &loaded))
            *vec_add(a, &items) = found;
        else if (found.section)
            *vec_add(a, &outputs) = found;
    }
    if (items.count)
        qsort(items.items, items.count, sizeof *items.items, by_address);
    *map = (struct link_map){items.items, items.count, outputs.items, outputs.count};
    return map;
}

bool link_map_has(const struct link_map *map, const char *output, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < map->output_count; i++) {
        const struct placed *p = &map->outputs[i];
        if (p->address == address && p->size == size && string_equal(p->section, output))
            return true;
    }
    return false;
}

const struct link_map *link_map_read(struct arena *a, const char *path, struct diag *d)
{
    const struct source *s = file_read(a, path, SPAN_NONE, (size_t)1 << 30, d);
    return s ? link_map_parse(a, s->bytes) : NULL;
}
