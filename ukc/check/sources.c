/*
 * sources.c - the text behind a model's places.
 */
#include "sources.h"

#include <string.h>

#include "../base/arena.h"
#include "../base/file.h"

static const struct source *find(struct sources *s, const char *path)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->items[i]->path, path))
            return s->items[i];
    struct diag *unheard = diag_create(); /* a missing text only means that no line is drawn */
    const struct source *source = file_is_regular(path) ? file_read(s->arena, path, SPAN_NONE, 0, unheard) : NULL;
    diag_destroy(unheard);
    if (!source) {
        struct source *empty = arena_new(s->arena, struct source);
        empty->path = arena_strdup(s->arena, path);
        source = empty;
    }
    *vec_add(s->arena, s) = source;
    return source;
}

struct span sources_span(struct sources *s, const char *path, uint32_t line, uint32_t column, uint32_t length)
{
    return (struct span){find(s, path), line, column, length};
}

struct span sources_place(struct sources *s, const struct interface *i, struct place place)
{
    if (place.file == FILE_NONE)
        return SPAN_NONE;
    return sources_span(s, i->paths[place.file], place.line, place.column, place.length);
}
