/* frame.h - a frame that is on its way to one host or to many. */
#ifndef SWITCH_FRAME_H
#define SWITCH_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct frame {
    uint64_t number; /* in the order in which they were sent */
    uint32_t from;   /* host */
    uint32_t references, size;
    uint8_t bytes[];
};

/* With one reference. */
struct frame *frame_new(uint64_t number, uint32_t from, const void *bytes, size_t size);
struct frame *frame_share(struct frame *frame);
void frame_drop(struct frame *frame);

#endif
