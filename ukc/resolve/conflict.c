/*
 * conflict.c - parsing and applying entries of `conflicts`.
 */
#include <string.h>

#include "../graph/find.h"
#include "conflict.h"

struct conflict conflict_parse(struct arena *a, const char *text)
{
    size_t name = strcspn(text, " <>=!");
    const char *range = text + name + strspn(text + name, " ");
    return (struct conflict){.name = arena_strndup(a, text, name), .range = {.text = *range ? range : NULL}};
}

bool conflict_hits(const struct conflict *with, const struct component *c)
{
    return !strcmp(c->name.text, with->name) && component_in_range(c, with->range);
}
