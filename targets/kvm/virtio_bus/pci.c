/*
 * pci.c - virtio over PCI, as VIRTIO 1.0 and later have it (VIRTIO 1.2, 4.1), with MSI-X.
 *
 * The configuration space is reached through ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2), which every machine with PCI has that
 * can be met here but QEMU's microvm.  Whoever started the machine has given the devices their addresses.
 *
 * Everything read here is the device's claim: each window has to lie in a base address register, that in what the
 * register decodes, and what is used of the window in its length.
 */
#include "transport.h"

#include "keys.h"

#if KEY_TRANSPORT != KEY_TRANSPORT_MMIO


#include <errno.h>
#include <ukc/device.h>

/* Configuration space: PCI 3.0, 6.1, 6.7, 6.8.2. */
enum { PORT_ADDRESS = 0xcf8, PORT_DATA = 0xcfc };
enum {
    ID = 0x00, COMMAND = 0x04, HEADER = 0x0c, BAR = 0x10, BUSES = 0x18, SUBSYSTEM = 0x2c, CAPABILITIES = 0x34,
    COMMAND_DECODE = 3, COMMAND_MEMORY = 2, COMMAND_MASTER = 4, COMMAND_NO_LINE = 0x400, STATUS_CAPABILITIES = 0x100000,
    HEADER_MANY = 0x80, HEADER_BRIDGE = 1,
    CAPABILITY_VENDOR = 0x09, CAPABILITY_MSIX = 0x11, CAPABILITIES_MOST = 48, CAPABILITIES_FIRST = 0x40,
    MSIX_ENABLE = 0x8000, MSIX_MASK = 0x4000,
};
enum { FUNCTION = 0x100, DEVICE = 0x800, BUS = 0x10000, BUSES_MOST = 256 };

/* VIRTIO 1.2, 4.1.2.1, 4.1.4, 4.1.4.3 */
enum {
    VENDOR = 0x1af4, MODERN = 0x1040, TRANSITIONAL = 0x1000, TRANSITIONAL_LAST = 0x103f,
    WINDOW_COMMON = 1, WINDOW_NOTIFY = 2, WINDOW_CONFIG = 4, WINDOWS = 5,
    CONFIG_MOST = 4096,
};
enum {
    DEVICE_FEATURES_SELECT = 0, DEVICE_FEATURES = 4, DRIVER_FEATURES_SELECT = 8, DRIVER_FEATURES = 12,
    CONFIG_VECTOR = 16, STATUS = 20, GENERATION = 21,
    QUEUE_SELECT = 22, QUEUE_SIZE = 24, QUEUE_VECTOR = 26, QUEUE_ENABLE = 28, QUEUE_NOTIFY = 30,
    QUEUE_TABLE = 32, QUEUE_AVAILABLE = 40, QUEUE_USED = 48, COMMON_SIZE = 56,
};

struct window {
    uint64_t address; /* 0: none */
    uint32_t size;
    unsigned capability;
};

/* ---- the configuration space ---- */

static uint32_t get(uint32_t function, unsigned at)
{
    device_out32(PORT_ADDRESS, UINT32_C(0x80000000) | function | at);
    return device_in32(PORT_DATA);
}

static void put(uint32_t function, unsigned at, uint32_t value)
{
    device_out32(PORT_ADDRESS, UINT32_C(0x80000000) | function | at);
    device_out32(PORT_DATA, value);
}

static void command(uint32_t function, uint32_t set, uint32_t clear)
{
    uint32_t value = get(function, COMMAND) & 0xffff; /* the upper half is the status: what is written as 0 there stays */
    put(function, COMMAND, (value & ~clear) | set);
}

/* What a base address register decodes: false when it is none of memory, or has no address. */
static bool decoded(uint32_t function, unsigned bar, uint64_t *address, uint64_t *size)
{
    unsigned at = BAR + 4 * bar;
    uint32_t low = get(function, at), high = 0, low_mask, high_mask = UINT32_MAX;
    bool wide = (low & 6) == 4;
    if (low & 1 || (wide && bar == 5))
        return false;
    command(function, 0, COMMAND_DECODE);
    put(function, at, UINT32_MAX);
    low_mask = get(function, at) & ~UINT32_C(15);
    put(function, at, low);
    if (wide) {
        high = get(function, at + 4);
        put(function, at + 4, UINT32_MAX);
        high_mask = get(function, at + 4);
        put(function, at + 4, high);
    }
    *address = (uint64_t)high << 32 | (low & ~UINT32_C(15));
    *size = ~((uint64_t)high_mask << 32 | low_mask) + 1;
    return *address != 0 && low_mask != 0 && (*size & (*size - 1)) == 0 && *address % *size == 0;
}

/* The window from `offset` in a base address register; address 0 when there is no such place. */
static struct window window_of(uint32_t function, unsigned bar, uint32_t offset, uint32_t size, unsigned capability)
{
    uint64_t address, whole;
    struct window none = {0};
    if (bar > 5 || size == 0 || !decoded(function, bar, &address, &whole))
        return none;
    if (offset >= whole || size > whole - offset)
        return none;
    return (struct window){address + offset, size, capability};
}

/* ---- capabilities ---- */

/* windows: the first of each kind (4.1.4.1).  msix: its capability, 0 if there is none. */
static void read_capabilities(uint32_t function, struct window windows[WINDOWS], unsigned *msix)
{
    unsigned at = get(function, CAPABILITIES) & 0xfc;
    *msix = 0;
    if (!(get(function, COMMAND) & STATUS_CAPABILITIES))
        return;
    for (unsigned count = 0; at >= CAPABILITIES_FIRST && count < CAPABILITIES_MOST; count++) {
        uint32_t head = get(function, at);
        unsigned kind = head >> 24;
        if ((head & 0xff) == CAPABILITY_MSIX && *msix == 0 && at <= 0x100 - 12)
            *msix = at;
        if ((head & 0xff) == CAPABILITY_VENDOR && at <= 0x100 - 16 && (head >> 16 & 0xff) >= 16 && kind < WINDOWS && windows[kind].address == 0)
            windows[kind] = window_of(function, get(function, at + 4) & 0xff, get(function, at + 8), get(function, at + 12), at);
        at = head >> 8 & 0xfc;
    }
}

static bool prepare_vectors(struct virtio_bus_device *device, unsigned msix)
{
    uint32_t function = device->at.pci.function;
    uint32_t place = get(function, msix + 4);
    unsigned count = (get(function, msix) >> 16 & 0x7ff) + 1;
    device->at.pci.vector_count = count > QUEUES_MOST ? QUEUES_MOST : count;
    struct window table = window_of(function, place & 7, place & ~UINT32_C(7), 16 * device->at.pci.vector_count, msix);
    if (!table.address)
        return false;
    device->at.pci.msix = msix;
    device->at.pci.vectors = device_map(table.address, table.size);
    return device->at.pci.vectors != NULL;
}

/* ---- the transport ---- */

static int find_registers(struct virtio_bus_device *device)
{
    uint32_t function = device->at.pci.function;
    struct window windows[WINDOWS] = {0};
    unsigned msix;
    read_capabilities(function, windows, &msix);
    const struct window *common = &windows[WINDOW_COMMON], *notify = &windows[WINDOW_NOTIFY], *config = &windows[WINDOW_CONFIG];
    if (!common->address || !notify->address || !msix)
        return -ENOTSUP;
    if (common->size < COMMON_SIZE || common->address % 4 || notify->address % 2 || notify->capability > 0x100 - 20 ||
        !prepare_vectors(device, msix))
        return -EIO;
    if (config->address && config->address % 4 == 0) {
        device->config_size = config->size > CONFIG_MOST ? CONFIG_MOST : config->size;
        device->config = device_map(config->address, device->config_size);
        if (!device->config)
            return -EIO;
    }
    device->at.pci.notify = notify->address;
    device->at.pci.notify_size = notify->size;
    device->at.pci.notify_multiplier = get(function, notify->capability + 16);
    device->registers = device_map(common->address, COMMON_SIZE);
    return device->registers ? 0 : -EIO;
}

static int prepare(struct virtio_bus_device *device)
{
    uint32_t function = device->at.pci.function;
    int error = device->registers ? 0 : find_registers(device);
    if (error)
        return error;
    unsigned msix = device->at.pci.msix;
    command(function, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_LINE, 0);
    put(function, msix, (get(function, msix) | (uint32_t)MSIX_ENABLE << 16) & ~((uint32_t)MSIX_MASK << 16));
    return 0;
}

static void disconnect(struct virtio_bus_device *device)
{
    command(device->at.pci.function, 0, COMMAND_MASTER);
}

static uint8_t status(const struct virtio_bus_device *device)
{
    return device_load8(device->registers + STATUS);
}

static void set_status(const struct virtio_bus_device *device, uint8_t value)
{
    device_store8(device->registers + STATUS, value);
}

static uint32_t features(const struct virtio_bus_device *device, unsigned half)
{
    device_store32(device->registers + DEVICE_FEATURES_SELECT, half);
    return device_load32(device->registers + DEVICE_FEATURES);
}

static void set_features(const struct virtio_bus_device *device, unsigned half, uint32_t bits)
{
    device_store32(device->registers + DRIVER_FEATURES_SELECT, half);
    device_store32(device->registers + DRIVER_FEATURES, bits);
}

static uint32_t generation(const struct virtio_bus_device *device)
{
    return device_load8(device->registers + GENERATION);
}

static unsigned queue_most(const struct virtio_bus_device *device, unsigned index)
{
    device_store16(device->registers + QUEUE_SELECT, (uint16_t)index);
    return device_load16(device->registers + QUEUE_ENABLE) ? 0 : device_load16(device->registers + QUEUE_SIZE);
}

/* The message in the table, and the table's entry in the device.  Queue 0 also tells of changes of the configuration. */
static int give_vector(struct virtio_bus_queue *queue)
{
    struct virtio_bus_device *device = queue->device;
    struct interrupt_message message;
    if (queue->index >= device->at.pci.vector_count)
        return -ENOSPC;
    int error = interrupt_claim_message(&queue->source, &message);
    if (error)
        return error;
    volatile uint8_t *entry = device->at.pci.vectors + 16 * queue->index;
    device_store32(entry, (uint32_t)message.address);
    device_store32(entry + 4, (uint32_t)(message.address >> 32));
    device_store32(entry + 8, message.data);
    device_store32(entry + 12, 0);
    uint16_t vector = (uint16_t)queue->index;
    device_store16(device->registers + QUEUE_VECTOR, vector);
    if (queue->index == 0)
        device_store16(device->registers + CONFIG_VECTOR, vector);
    return device_load16(device->registers + QUEUE_VECTOR) == vector ? 0 : -EIO;
}

static void store64(const struct virtio_bus_device *device, unsigned at, uint64_t value)
{
    device_store32(device->registers + at, (uint32_t)value);
    device_store32(device->registers + at + 4, (uint32_t)(value >> 32));
}

static int queue_enable(struct virtio_bus_queue *queue, uint64_t table, uint64_t available, uint64_t used)
{
    struct virtio_bus_device *device = queue->device;
    uint64_t offset = (uint64_t)device_load16(device->registers + QUEUE_NOTIFY) * device->at.pci.notify_multiplier;
    if (offset % 2 || offset + 2 > device->at.pci.notify_size)
        return -EIO;
    queue->notify = device_map(device->at.pci.notify + offset, 2);
    int error = queue->notify ? give_vector(queue) : -EIO;
    if (error)
        return error;
    device_store16(device->registers + QUEUE_SIZE, queue->ring.size);
    store64(device, QUEUE_TABLE, table);
    store64(device, QUEUE_AVAILABLE, available);
    store64(device, QUEUE_USED, used);
    device_store16(device->registers + QUEUE_ENABLE, 1);
    return device_load16(device->registers + QUEUE_ENABLE) == 1 ? 0 : -EIO;
}

static void answer(const struct virtio_bus_device *device)
{
    (void)device; /* messages are not raised, only sent */
}

static const struct transport transport = {
    .prepare = prepare, .disconnect = disconnect, .status = status, .set_status = set_status,
    .features = features, .set_features = set_features, .generation = generation,
    .queue_most = queue_most, .queue_enable = queue_enable, .answer = answer,
};

/* ---- finding devices ---- */

static bool present(uint32_t id)
{
    return (id & 0xffff) != 0xffff && (id & 0xffff) != 0;
}

/* The highest bus known so far: behind a bridge there may be a higher one. */
static uint32_t look(uint32_t function, uint32_t highest)
{
    uint32_t id = get(function, ID), number = id >> 16;
    if ((get(function, HEADER) >> 16 & 0x7f) == HEADER_BRIDGE) {
        uint32_t secondary = get(function, BUSES) >> 8 & 0xff;
        return secondary > highest ? secondary : highest;
    }
    if ((id & 0xffff) != VENDOR || number < TRANSITIONAL)
        return highest;
    struct virtio_bus_device device = {.transport = &transport, .at.pci.function = function};
    if (number > MODERN)
        device.type = number - MODERN;
    else if (number <= TRANSITIONAL_LAST) /* it may have what is needed all the same */
        device.type = get(function, SUBSYSTEM) >> 16;
    if (device.type != 0)
        bus_found(&device);
    return highest;
}

void pci_scan(void)
{
    uint32_t highest = 0;
    if (!present(get(0, ID))) /* the host's bridge: no PCI without it */
        return;
    for (uint32_t bus = 0; bus <= highest; bus++)
        for (uint32_t at = bus * BUS; at < (bus + 1) * BUS; at += DEVICE) {
            if (!present(get(at, ID)))
                continue;
            uint32_t last = get(at, HEADER) >> 16 & HEADER_MANY ? 8 : 1;
            for (uint32_t n = 0; n < last; n++)
                if (present(get(at + n * FUNCTION, ID)))
                    highest = look(at + n * FUNCTION, highest);
        }
}

#else

void pci_scan(void)
{
}

#endif
