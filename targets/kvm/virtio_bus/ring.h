/*
 * ring.h - a split virtqueue (VIRTIO 1.2, 2.7); private to this folder.
 *
 * A ring is made in memory that the caller gives: first what the device sees, then what only we do.  The device may write
 * anything anywhere in its part at any time: each of its words is read once, compared with what is known here, and then used.
 * Nothing is ever read back from what we wrote for the device.
 *
 * Errors: -EIO is for good: the device broke the rules.
 */
#ifndef VIRTIO_BUS_RING_H
#define VIRTIO_BUS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio.h"

enum { RING_MOST = 32768 }; /* descriptors (VIRTIO 1.2, 2.7) */

struct ring_descriptor;
struct ring_available;
struct ring_used;
struct ring_slot;

struct ring {
    volatile struct ring_descriptor *table;
    volatile struct ring_available *available;
    const volatile struct ring_used *used;
    volatile struct ring_descriptor *tables; /* indirect ones, `parts` descriptors each */
    struct ring_slot *slots;                 /* one for each descriptor; nothing below is seen by the device */
    uint16_t *free_tables;
    uint16_t size, parts, table_count, tables_left;
    uint16_t free_head, free_count; /* descriptors */
    uint16_t outstanding;           /* chains that the device has, or will after the next kick */
    uint16_t added, shown;          /* the index in the available ring, and what of it the device sees */
    uint16_t first_unshown, last_unshown; /* the chains between, while shown is not added */
    uint16_t collected;             /* the index in the used ring */
    bool event_index, indirect;
    bool silenced; /* without event_index: the device was told not to interrupt */
    bool broken;
};

/* Bytes of memory for a ring of `size` descriptors, a power of two up to RING_MOST, and chains of up to `parts`, which is at most `size`. */
size_t ring_bytes(unsigned size, unsigned parts, bool indirect);

/* The memory is aligned to 64 bytes. */
void ring_open(struct ring *ring, void *memory, unsigned size, unsigned parts, bool event_index, bool indirect);

/* The operations of virtio.h. */
int ring_add(struct ring *ring, const struct virtio_part *parts, unsigned out, unsigned in, void *token);
int ring_collect(struct ring *ring, void **token, size_t *written);

/* Shows the device what was added; whether it has to be notified. */
bool ring_show(struct ring *ring);

/* Asks for an interrupt at the next chain that is done; false when there is one to collect already, or the ring is broken. */
bool ring_ask(struct ring *ring);

#endif
