/*
 * view.h - a bounded view of bytes that somebody else owns.
 *
 * How long the bytes live is stated by the call that hands the view out.
 */
#ifndef UKC_VIEW_H
#define UKC_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const char *bytes; /* may be NULL only when size is 0 */
    size_t size;
};

#define VIEW(literal) ((struct view){(literal), sizeof(literal) - 1})

static inline struct view view_of(const char *s)
{
    return (struct view){s, strlen(s)};
}

static inline bool view_equal(struct view a, struct view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

/* The bytes of all of them; SIZE_MAX when they are more than that. */
static inline size_t views_size(const struct view *views, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(size, views[i].size, &size))
            return SIZE_MAX;
    return size;
}

#endif
