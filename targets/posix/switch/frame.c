/* frame.c - see frame.h. */
#include "frame.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

struct frame *frame_new(uint64_t number, uint32_t from, const void *bytes, size_t size)
{
    struct frame *frame = memory_get(1, sizeof *frame + size);
    *frame = (struct frame){.number = number, .from = from, .references = 1, .size = (uint32_t)size};
    memcpy(frame->bytes, bytes, size);
    return frame;
}

struct frame *frame_share(struct frame *frame)
{
    frame->references++;
    return frame;
}

void frame_drop(struct frame *frame)
{
    if (--frame->references == 0)
        free(frame);
}
