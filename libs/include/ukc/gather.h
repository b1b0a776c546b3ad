/*
 * gather.h - bytes of views, copied out in order: a frame or a text into the pieces of a driver's memory.
 */
#ifndef UKC_GATHER_H
#define UKC_GATHER_H

#include <stddef.h>
#include <string.h>
#include "view.h"

struct gather {
    const struct view *view;
    size_t done; /* of it */
};

/* Copies the next `size` bytes; the views have so many. */
static inline void gather(struct gather *from, char *to, size_t size)
{
    while (size > 0) {
        size_t part = from->view->size - from->done;
        part = part < size ? part : size;
        if (part > 0)
            memcpy(to, from->view->bytes + from->done, part);
        to += part;
        size -= part;
        from->done += part;
        if (from->done == from->view->size)
            *from = (struct gather){from->view + 1, 0};
    }
}

#endif
