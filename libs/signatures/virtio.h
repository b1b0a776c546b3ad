/*
 * virtio.h - virtio devices (VIRTIO 1.2) and their queues, for drivers.
 *
 * The life of a device (VIRTIO 1.2, 3.1.1): virtio_open, virtio_negotiate, virtio_read_config, virtio_queue for each
 * queue, virtio_ready; then requests; virtio_close.  Requests are chains of buffers: virtio_add, as many as
 * there is room for, then virtio_kick; virtio_collect hands back each token when the device is done with its buffers.
 * The pattern of waiting is: collect; when there is nothing, virtio_arm with the calling task; if that says
 * true, park; collect again.
 *
 * The device is not trusted.  What it writes into a queue is validated here, so that a token is handed back once, only while it is outstanding,
 * and with no more bytes than its buffers hold.  A device that lies is reset, which takes its access to memory
 * away, and every later operation on it returns -EIO.  What it writes into buffers is the driver's to doubt.
 *
 * Ownership: devices and queues belong to the bus, which takes both back at virtio_close.  Buffers belong to the device from
 * virtio_add until their token is collected, or the device is closed, or an operation has returned -EIO.
 *
 * Errors are negative errno values.
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_device;
struct virtio_queue;

/* VIRTIO 1.2, 5. */
enum virtio_type { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3, VIRTIO_ENTROPY = 4 };

/*
 * Takes the device number `index`, from 0, of those of this type, in the order in which the machine has them, and resets it.
 * -ENODEV: there are not that many; -EBUSY: somebody has it; -ENOTSUP: it knows only what was before VIRTIO 1.0, or lacks
 * what is needed here; -EIO: it contradicts itself, or does not react.
 */
int virtio_open(struct virtio_device **device, enum virtio_type type, unsigned index);

/* Resets it and gives it back.  NULL is no device. */
void virtio_close(struct virtio_device *device);

/* What it offers of those that virtio_negotiate may agree on; allowed before that.  0 or -EIO. */
int virtio_offered(struct virtio_device *device, uint64_t *features);

/*
 * Agrees on features: those `wanted` (bits 0 to 23 and 50 to 63, the device type's own) that it offers, which are returned in `features`.  Bits for
 * rings and transports are the bus's affair.  It may be called once after virtio_open.  -ENOTSUP: the device refuses; -EIO.
 */
int virtio_negotiate(struct virtio_device *device, uint64_t wanted, uint64_t *features);

/*
 * Copies bytes of the device's configuration, which hold together (VIRTIO 1.2, 2.5.1).  A size of 2, 4 or 8 bytes is
 * read as one little-endian field, at an offset that is a multiple of it (of 4 for 8); any other as bytes.
 * Allowed before virtio_negotiate.  -EINVAL: the configuration is not that large; -EIO.
 */
int virtio_read_config(struct virtio_device *device, size_t offset, void *bytes, size_t size);

/*
 * Sets up queue number `index` with at most `size` descriptors, less if the device has less, and with an interrupt.
 * `parts`: the most buffers in a chain.  -ENODEV: there is no such queue, or it is smaller than `parts`; -ENOMEM, -ENOSPC, -EIO.
 */
int virtio_queue(struct virtio_device *device, unsigned index, unsigned size, unsigned parts, struct virtio_queue **queue);

/* Lets the device work.  0 or -EIO. */
int virtio_ready(struct virtio_device *device);

/* A buffer: `size` is at least 1, and at most 2^32-1. */
struct virtio_part {
    void *bytes;
    size_t size;
};

/*
 * Queues a chain: the first `out` parts are read by the device, the next `in` written; at least one, no more than the queue's `parts`.
 * The parts themselves are the caller's again at once; `token` is not NULL.  The device
 * does not see the chain before virtio_kick.  -ENOSPC: no room now; -EINVAL; -EIO.
 */
int virtio_add(struct virtio_queue *queue, const struct virtio_part *parts, unsigned out, unsigned in, void *token);

/* Shows the device what was added, and notifies it if it wants that. */
void virtio_kick(struct virtio_queue *queue);

/* 1: a chain is done; its token, and how many bytes the device says it wrote.  0: none is.  -EIO. */
int virtio_collect(struct virtio_queue *queue, void **token, size_t *written);

/*
 * Has `cookie` handed back by idle_wait once a chain is done, and returns true; false, when there is something to
 * collect already, an error included, and nothing is armed.  NULL: no longer wanted; false.
 * A cookie may also come back for nothing.
 */
bool virtio_arm(struct virtio_queue *queue, void *cookie);

/* How many descriptors the queue has; a chain takes up to as many as it has parts. */
unsigned virtio_queue_size(const struct virtio_queue *queue);

#endif
