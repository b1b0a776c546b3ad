/* virtio_bus.h - virtio devices of the machine, on PCI or at addresses that the command line names; the contract is libs/signatures/virtio.h. */
#ifndef VIRTIO_BUS_H
#define VIRTIO_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio.h"

struct virtio_bus_device;
struct virtio_bus_queue;

int virtio_bus_start(void);
void virtio_bus_stop(void);

int virtio_bus_open(struct virtio_bus_device **device, enum virtio_type type, unsigned index);
void virtio_bus_close(struct virtio_bus_device *device);
int virtio_bus_offered(struct virtio_bus_device *device, uint64_t *features);
int virtio_bus_negotiate(struct virtio_bus_device *device, uint64_t wanted, uint64_t *features);
int virtio_bus_read_config(struct virtio_bus_device *device, size_t offset, void *bytes, size_t size);
int virtio_bus_queue(struct virtio_bus_device *device, unsigned index, unsigned size, unsigned parts, struct virtio_bus_queue **queue);
int virtio_bus_ready(struct virtio_bus_device *device);

int virtio_bus_add(struct virtio_bus_queue *queue, const struct virtio_part *parts, unsigned out, unsigned in, void *token);
void virtio_bus_kick(struct virtio_bus_queue *queue);
int virtio_bus_collect(struct virtio_bus_queue *queue, void **token, size_t *written);
bool virtio_bus_arm(struct virtio_bus_queue *queue, void *cookie);
unsigned virtio_bus_queue_size(const struct virtio_bus_queue *queue);

#endif
