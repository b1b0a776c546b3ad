/*
 * transport.h - what the ways to reach a device have in common; private to this folder.
 *
 * A transport is used to set a device up.  Requests pass it by: a queue knows the register that notifies its device.
 */
#ifndef VIRTIO_BUS_TRANSPORT_H
#define VIRTIO_BUS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interrupt.h"
#include "ring.h"

enum { DEVICES_MOST = 32, QUEUES_MOST = 16 };

/* VIRTIO 1.2, 2.1 */
enum {
    STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8, STATUS_NEEDS_RESET = 64, STATUS_FAILED = 128,
};

struct virtio_bus_queue {
    struct virtio_bus_device *device;
    struct virtio_bus_queue *next; /* of the same device */
    struct ring ring;
    void *memory;
    size_t bytes;
    unsigned index;
    struct interrupt_source *source;
    volatile void *notify;
    bool wide;     /* of 32 bits, else of 16 */
    bool progress; /* something was collected since the last arm */
};

struct virtio_bus_device {
    const struct transport *transport;
    uint32_t type;
    bool taken, negotiated, failed;
    volatile uint8_t *registers; /* mmio: all of them; PCI: the common configuration; NULL before its first use */
    volatile uint8_t *config;    /* the type's own */
    size_t config_size;
    uint64_t features; /* agreed on, those of rings included */
    struct virtio_bus_queue *queues;
    union {
        struct {
            unsigned line;
        } mmio;
        struct {
            uint32_t function; /* its place on the bus, as in a configuration address */
            uint64_t notify;   /* physical address */
            uint32_t notify_size, notify_multiplier;
            volatile uint8_t *vectors;
            unsigned vector_count, msix; /* where its capability is */
        } pci;
    } at;
};

struct transport {
    /* Finds the registers, and makes the device able to work; 0, -ENOTSUP, -EIO. */
    int (*prepare)(struct virtio_bus_device *device);
    /* The device can no longer reach memory, even if it ignores its reset. */
    void (*disconnect)(struct virtio_bus_device *device);
    uint8_t (*status)(const struct virtio_bus_device *device);
    void (*set_status)(const struct virtio_bus_device *device, uint8_t status);
    uint32_t (*features)(const struct virtio_bus_device *device, unsigned half);
    void (*set_features)(const struct virtio_bus_device *device, unsigned half, uint32_t bits);
    uint32_t (*generation)(const struct virtio_bus_device *device);
    /* Selects a queue that is not in use; how many descriptors it may have at most, 0: there is none. */
    unsigned (*queue_most)(const struct virtio_bus_device *device, unsigned index);
    /* Gives the selected queue its memory and its interrupt. */
    int (*queue_enable)(struct virtio_bus_queue *queue, uint64_t table, uint64_t available, uint64_t used);
    /* An interrupt was taken. */
    void (*answer)(const struct virtio_bus_device *device);
};

/* Where scans put what they find; false: there is no room for more. */
bool bus_found(const struct virtio_bus_device *device);

void mmio_scan(void);
void pci_scan(void);

#endif
