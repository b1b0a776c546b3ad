/*
 * bus.c - the operations of virtio.h: devices found at start, set up through their transport, their queues.
 *
 * The bus writes no log: a console may be one of its devices.
 */
#include "virtio_bus.h"

#include "clock.h"
#include "pages.h"
#include "transport.h"

#include <errno.h>
#include <ukc/deadline.h>
#include <ukc/device.h>

/* VIRTIO 1.2, 6: those of rings and transports, offered in the bits 24 to 49 */
#define FEATURE_INDIRECT (UINT64_C(1) << 28)
#define FEATURE_EVENT_INDEX (UINT64_C(1) << 29)
#define FEATURE_VERSION_1 (UINT64_C(1) << 32)
#define FEATURE_PLATFORM (UINT64_C(1) << 33) /* addresses are the machine's own, as they are here */
#define FEATURE_ORDER (UINT64_C(1) << 36)    /* barriers as for hardware, which the processor's rules cover */
#define FEATURES_OF_BUS (FEATURE_INDIRECT | FEATURE_EVENT_INDEX | FEATURE_VERSION_1 | FEATURE_PLATFORM | FEATURE_ORDER)
#define FEATURES_OF_TYPES (UINT64_C(0xffffff) | UINT64_C(0x3fff) << 50)

enum { GENERATIONS_MOST = 64 };

static struct virtio_bus_device devices[DEVICES_MOST];
static unsigned device_count;

bool bus_found(const struct virtio_bus_device *device)
{
    if (device_count == DEVICES_MOST)
        return false;
    devices[device_count++] = *device;
    return true;
}

int virtio_bus_start(void)
{
    device_count = 0;
    mmio_scan();
    pci_scan();
    return 0;
}

void virtio_bus_stop(void)
{
    for (unsigned i = 0; i < device_count; i++)
        virtio_bus_close(&devices[i]);
    device_count = 0;
}

/* ---- life of a device ---- */

/* It is reset when its status reads 0 (4.2.2.1, 4.1.4.3.1).  A device that takes longer than a second does not react. */
static bool reset(struct virtio_bus_device *device)
{
    int64_t until = deadline_after(clock_now(), NANOSECONDS_PER_SECOND);
    device->transport->set_status(device, 0);
    while (device->transport->status(device) != 0)
        if (clock_now() >= until)
            return false;
    return true;
}

static int fail(struct virtio_bus_device *device)
{
    if (!device->failed) {
        device->failed = true;
        for (struct virtio_bus_queue *q = device->queues; q; q = q->next)
            q->ring.broken = true;
        reset(device);
        device->transport->disconnect(device);
    }
    return -EIO;
}

static void add_status(struct virtio_bus_device *device, unsigned bit)
{
    device->transport->set_status(device, (uint8_t)(device->transport->status(device) | bit));
}

int virtio_bus_open(struct virtio_bus_device **out, enum virtio_type type, unsigned index)
{
    struct virtio_bus_device *device = devices, *end = devices + device_count;
    for (; device < end; device++)
        if (device->type == type && index-- == 0)
            break;
    if (device == end)
        return -ENODEV;
    if (device->taken)
        return -EBUSY;
    int error = device->transport->prepare(device);
    if (error)
        return error;
    device->failed = device->negotiated = false;
    if (!reset(device)) {
        device->transport->disconnect(device);
        return -EIO;
    }
    device->taken = true;
    add_status(device, STATUS_ACKNOWLEDGE);
    add_status(device, STATUS_DRIVER);
    *out = device;
    return 0;
}

/* A device that did not stop may still write: its memory is not used again for anything else. */
static void release(struct virtio_bus_queue *queue, bool stopped)
{
    if (queue->source)
        interrupt_release(queue->source);
    if (stopped)
        pages_free(queue->memory, queue->bytes);
}

void virtio_bus_close(struct virtio_bus_device *device)
{
    if (!device || !device->taken)
        return;
    bool stopped = reset(device);
    device->transport->disconnect(device);
    for (struct virtio_bus_queue *q = device->queues, *next; q; q = next) {
        next = q->next;
        release(q, stopped);
    }
    device->queues = NULL;
    device->taken = false;
}

static uint64_t offered_by(const struct virtio_bus_device *device)
{
    return device->transport->features(device, 0) | (uint64_t)device->transport->features(device, 1) << 32;
}

int virtio_bus_offered(struct virtio_bus_device *device, uint64_t *features)
{
    if (device->failed)
        return -EIO;
    *features = offered_by(device) & FEATURES_OF_TYPES;
    return 0;
}

int virtio_bus_negotiate(struct virtio_bus_device *device, uint64_t wanted, uint64_t *features)
{
    const struct transport *t = device->transport;
    if (device->failed || device->negotiated)
        return -EIO;
    uint64_t offered = offered_by(device);
    if (!(offered & FEATURE_VERSION_1))
        return -ENOTSUP;
    device->features = offered & (FEATURES_OF_BUS | (wanted & FEATURES_OF_TYPES));
    t->set_features(device, 0, (uint32_t)device->features);
    t->set_features(device, 1, (uint32_t)(device->features >> 32));
    add_status(device, STATUS_FEATURES_OK);
    if (!(t->status(device) & STATUS_FEATURES_OK))
        return -ENOTSUP;
    device->negotiated = true;
    *features = device->features & FEATURES_OF_TYPES;
    return 0;
}

int virtio_bus_ready(struct virtio_bus_device *device)
{
    if (device->failed || !device->negotiated)
        return -EIO;
    add_status(device, STATUS_DRIVER_OK);
    return device->transport->status(device) & (STATUS_NEEDS_RESET | STATUS_FAILED) ? fail(device) : 0;
}

/* ---- configuration ---- */

static void read_field(const volatile uint8_t *at, uint8_t *to, size_t size)
{
    uint32_t low, high = 0;
    switch (size) {
    case 2:
        low = device_load16((const volatile void *)at);
        break;
    case 4:
        low = device_load32((const volatile void *)at);
        break;
    case 8:
        low = device_load32((const volatile void *)at);
        high = device_load32((const volatile void *)(at + 4));
        break;
    default:
        for (size_t i = 0; i < size; i++)
            to[i] = device_load8(at + i);
        return;
    }
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
}

int virtio_bus_read_config(struct virtio_bus_device *device, size_t offset, void *bytes, size_t size)
{
    bool field = size == 2 || size == 4 || size == 8;
    if (device->failed)
        return -EIO;
    if (offset > device->config_size || size > device->config_size - offset || (field && offset % (size == 2 ? 2 : 4)))
        return -EINVAL;
    for (unsigned tries = 0; tries < GENERATIONS_MOST; tries++) {
        uint32_t before = device->transport->generation(device);
        read_field(device->config + offset, bytes, size);
        if (device->transport->generation(device) == before)
            return 0;
    }
    return -EIO;
}

/* ---- queues ---- */

static unsigned power_of_two(unsigned most)
{
    unsigned size = 1;
    while (size <= most / 2)
        size *= 2;
    return size;
}

static int open_queue(struct virtio_bus_device *device, unsigned index, unsigned size, unsigned parts, struct virtio_bus_queue **out)
{
    bool indirect = device->features & FEATURE_INDIRECT, event_index = device->features & FEATURE_EVENT_INDEX;
    size_t bytes = ring_bytes(size, parts, indirect), at = (bytes + 63) / 64 * 64;
    char *memory = pages_allocate(at + sizeof(struct virtio_bus_queue));
    if (!memory)
        return -ENOMEM;
    struct virtio_bus_queue *queue = (void *)(memory + at);
    *queue = (struct virtio_bus_queue){.device = device, .memory = memory, .bytes = at + sizeof *queue, .index = index};
    ring_open(&queue->ring, memory, size, parts, event_index, indirect);
    queue->next = device->queues;
    device->queues = queue; /* even if what follows fails: the device may know the memory, until it is closed */
    int error = device->transport->queue_enable(queue, device_address(queue->ring.table), device_address(queue->ring.available),
                                                device_address(queue->ring.used));
    if (!error)
        *out = queue;
    return error;
}

int virtio_bus_queue(struct virtio_bus_device *device, unsigned index, unsigned size, unsigned parts, struct virtio_bus_queue **queue)
{
    if (device->failed || !device->negotiated)
        return -EIO;
    unsigned most = device->transport->queue_most(device, index);
    most = most > size ? size : most;
    most = most > RING_MOST ? RING_MOST : most;
    if (most == 0 || parts == 0 || power_of_two(most) < parts)
        return -ENODEV;
    return open_queue(device, index, power_of_two(most), parts, queue);
}

unsigned virtio_bus_queue_size(const struct virtio_bus_queue *queue)
{
    return queue->ring.size;
}

int virtio_bus_add(struct virtio_bus_queue *queue, const struct virtio_part *parts, unsigned out, unsigned in, void *token)
{
    return ring_add(&queue->ring, parts, out, in, token);
}

void virtio_bus_kick(struct virtio_bus_queue *queue)
{
    if (!ring_show(&queue->ring))
        return;
    if (queue->wide)
        device_store32(queue->notify, queue->index);
    else
        device_store16(queue->notify, (uint16_t)queue->index);
}

int virtio_bus_collect(struct virtio_bus_queue *queue, void **token, size_t *written)
{
    int got = ring_collect(&queue->ring, token, written);
    queue->progress |= got > 0;
    return got < 0 ? fail(queue->device) : got;
}

/*
 * An interrupt has to be answered before the ring is looked at, or what comes between is not announced.  One
 * that brought nothing may be about the device itself.
 */
bool virtio_bus_arm(struct virtio_bus_queue *queue, void *cookie)
{
    struct virtio_bus_device *device = queue->device;
    if (!cookie) {
        interrupt_arm(queue->source, NULL);
        return false;
    }
    bool taken = interrupt_taken(queue->source), progress = queue->progress;
    queue->progress = false;
    if (taken && !device->failed)
        device->transport->answer(device);
    if (!ring_ask(&queue->ring))
        return false;
    if (taken && !progress && device->transport->status(device) & (STATUS_NEEDS_RESET | STATUS_FAILED)) {
        fail(device);
        return false;
    }
    interrupt_arm(queue->source, cookie);
    return true;
}
