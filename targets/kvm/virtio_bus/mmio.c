/*
 * mmio.c - virtio over registers in memory, version 2 (VIRTIO 1.2, 4.2), at places that the command line names, or else the tables of ACPI
 * (LNRO0005).
 *
 * A word `virtio_mmio.device=SIZE@ADDRESS:LINE`, with a size in bytes or with K or M behind it, describes one device; there
 * may be ":ID" at its end, which means nothing here.  What is malformed is no device, and neither is what has the wrong magic number.
 */
#include "transport.h"

#include "keys.h"

#if KEY_TRANSPORT != KEY_TRANSPORT_PCI


#include <errno.h>
#include <string.h>
#include <ukc/acpi.h>
#include <ukc/device.h>
#include <ukc/view.h>

/* VIRTIO 1.2, 4.2.2 */
enum {
    MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008,
    DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SELECT = 0x014, DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SELECT = 0x024,
    QUEUE_SELECT = 0x030, QUEUE_SIZE_MOST = 0x034, QUEUE_SIZE = 0x038, QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060, INTERRUPT_ANSWER = 0x064, STATUS = 0x070,
    QUEUE_TABLE = 0x080, QUEUE_AVAILABLE = 0x090, QUEUE_USED = 0x0a0,
    GENERATION = 0x0fc, CONFIG = 0x100,
};
enum { MAGIC_NUMBER = 0x74726976, VERSION_NOW = 2, WINDOW_MOST = 0x10000, PLACES_MOST = 32 };

static uint32_t load(const struct virtio_bus_device *device, unsigned at)
{
    return device_load32(device->registers + at);
}

static void store(const struct virtio_bus_device *device, unsigned at, uint32_t value)
{
    device_store32(device->registers + at, value);
}

static void store64(const struct virtio_bus_device *device, unsigned at, uint64_t value)
{
    store(device, at, (uint32_t)value);
    store(device, at + 4, (uint32_t)(value >> 32));
}

/* ---- the transport ---- */

static int prepare(struct virtio_bus_device *device)
{
    return load(device, VERSION) == VERSION_NOW ? 0 : -ENOTSUP;
}

static void disconnect(struct virtio_bus_device *device)
{
    (void)device; /* there is only the reset */
}

static uint8_t status(const struct virtio_bus_device *device)
{
    return (uint8_t)load(device, STATUS);
}

static void set_status(const struct virtio_bus_device *device, uint8_t value)
{
    store(device, STATUS, value);
}

static uint32_t features(const struct virtio_bus_device *device, unsigned half)
{
    store(device, DEVICE_FEATURES_SELECT, half);
    return load(device, DEVICE_FEATURES);
}

static void set_features(const struct virtio_bus_device *device, unsigned half, uint32_t bits)
{
    store(device, DRIVER_FEATURES_SELECT, half);
    store(device, DRIVER_FEATURES, bits);
}

static uint32_t generation(const struct virtio_bus_device *device)
{
    return load(device, GENERATION);
}

static unsigned queue_most(const struct virtio_bus_device *device, unsigned index)
{
    store(device, QUEUE_SELECT, index);
    return load(device, QUEUE_READY) ? 0 : load(device, QUEUE_SIZE_MOST);
}

static int queue_enable(struct virtio_bus_queue *queue, uint64_t table, uint64_t available, uint64_t used)
{
    struct virtio_bus_device *device = queue->device;
    int error = interrupt_claim_line(&queue->source, device->at.mmio.line);
    if (error)
        return error;
    queue->notify = device->registers + QUEUE_NOTIFY;
    queue->wide = true;
    store(device, QUEUE_SIZE, queue->ring.size);
    store64(device, QUEUE_TABLE, table);
    store64(device, QUEUE_AVAILABLE, available);
    store64(device, QUEUE_USED, used);
    store(device, QUEUE_READY, 1);
    return load(device, QUEUE_READY) == 1 ? 0 : -EIO;
}

static void answer(const struct virtio_bus_device *device)
{
    store(device, INTERRUPT_ANSWER, load(device, INTERRUPT_STATUS));
}

static const struct transport transport = {
    .prepare = prepare, .disconnect = disconnect, .status = status, .set_status = set_status,
    .features = features, .set_features = set_features, .generation = generation,
    .queue_most = queue_most, .queue_enable = queue_enable, .answer = answer,
};

/* ---- finding devices ---- */

/* A number in C's notation at the start of the text, which moves on; false: there is none, or it is too large. */
static bool number(struct view *text, uint64_t *value)
{
    unsigned base = 10, digits = 0;
    if (text->size > 2 && text->bytes[0] == '0' && (text->bytes[1] | 32) == 'x') {
        base = 16;
        *text = (struct view){text->bytes + 2, text->size - 2};
    }
    for (*value = 0; text->size > 0; digits++, text->bytes++, text->size--) {
        unsigned c = (unsigned char)text->bytes[0], letter = (c | 32) - 'a';
        unsigned digit = c - '0' < 10 ? c - '0' : letter < 6 ? letter + 10 : 16;
        if (digit >= base)
            break;
        if (__builtin_mul_overflow(*value, base, value) || __builtin_add_overflow(*value, digit, value))
            return false;
    }
    return digits > 0;
}

static bool skip(struct view *text, char c)
{
    if (text->size == 0 || text->bytes[0] != c)
        return false;
    text->bytes++;
    text->size--;
    return true;
}

/* SIZE@ADDRESS:LINE or SIZE@ADDRESS:LINE:ID */
static bool describe(struct view text, uint64_t *size, uint64_t *address, uint64_t *line)
{
    uint64_t ignored;
    if (!number(&text, size) || *size > WINDOW_MOST)
        return false;
    if (skip(&text, 'K') || skip(&text, 'k'))
        *size <<= 10;
    else if (skip(&text, 'M') || skip(&text, 'm'))
        *size <<= 20;
    if (!skip(&text, '@') || !number(&text, address) || !skip(&text, ':') || !number(&text, line))
        return false;
    if (skip(&text, ':') && !number(&text, &ignored))
        return false;
    return text.size == 0 && *size >= CONFIG && *line <= UINT16_MAX;
}

static void look(uint64_t address, uint64_t size, uint64_t line)
{
    size = size > WINDOW_MOST ? WINDOW_MOST : size;
    struct virtio_bus_device device = {.transport = &transport, .at.mmio.line = (unsigned)line};
    device.registers = address % 4 ? NULL : device_map(address, size);
    if (!device.registers || load(&device, MAGIC) != MAGIC_NUMBER)
        return;
    device.type = load(&device, DEVICE_ID);
    device.config = device.registers + CONFIG;
    device.config_size = size - CONFIG;
    if (device.type != 0) /* a place without a device (4.2.2.2) */
        bus_found(&device);
}

static void scan_command_line(void)
{
    static const struct view name = VIEW("virtio_mmio.device=");
    uint64_t size, address, line;
    const char *word;
    for (size_t i = 0; (word = device_word(i)) != NULL; i++)
        if (strncmp(word, name.bytes, name.size) == 0 && describe(view_of(word + name.size), &size, &address, &line))
            look(address, size, line);
}

/* In the order of the tables, which is that of the machine; a line of these is edge-triggered, or as good as. */
static void scan_acpi(void)
{
    struct acpi_device places[PLACES_MOST];
    unsigned count = acpi_devices("LNRO0005", places, PLACES_MOST);
    for (const struct acpi_device *place = places; place < places + count; place++)
        if (place->has_line && place->size >= CONFIG)
            look(place->address, place->size, place->line.number);
}

/* Whoever names devices on the command line does not describe them in tables too, or describes the same ones. */
void mmio_scan(void)
{
    if (device_word(0))
        scan_command_line();
    else
        scan_acpi();
}

#else

void mmio_scan(void)
{
}

#endif
