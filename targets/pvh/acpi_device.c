/*
 * acpi_device.c - devices that the DSDT and SSDTs describe with constants: a _HID and the resources of a _CRS (ACPI 6.4, 6.4).
 */
#include "acpi_aml.h"
#include "acpi_known.h"

#include <string.h>
#include <ukc/small.h>

SMALL_BEGIN

enum { DEPTH_MOST = 16, HID_MOST = 8 /* 6.1.5 */, LINES_MOST = 1024 };
/* Tags of resources: small ones without their length, large ones with bit 7. */
enum {
    TAG_IRQ = 0x04, TAG_END = 0x0f, MEMORY_24 = 0x81, MEMORY_32 = 0x85, MEMORY_32_FIXED = 0x86, SPACE_32 = 0x87, INTERRUPT = 0x89,
    SPACE_64 = 0x8a,
};
enum { SPACE_HEAD = 3, SPACE_IS_MEMORY = 0 };

/* A _HID is a number (19.3.4), or text: its bytes, zeroes behind them. */
static const uint64_t IS_NUMBER = UINT64_C(1) << 63;

struct search {
    uint64_t text, number; /* the _HID that is wanted, in both ways; 0 and 0: any */
    struct acpi_device *devices;
    uint64_t *hids; /* of them; NULL: not wanted */
    unsigned count, most, depth;
};

static void set_memory(struct acpi_device *device, uint64_t address, uint64_t size)
{
    uint64_t end;
    if (device->size == 0 && size && !__builtin_add_overflow(address, size, &end) && end >> 47 == 0) {
        device->address = address;
        device->size = size;
    }
}

/* Flags of IRQ and extended interrupt descriptors have the same meanings at other places. */
static void set_line(struct acpi_device *device, uint64_t number, bool level, bool low)
{
    if (device->has_line || number >= LINES_MOST)
        return;
    device->line = (struct acpi_line){(uint32_t)number, level, low};
    device->has_line = true;
}

/* 6.4.2.1: a mask of sixteen lines, and perhaps flags. */
static void small_irq(const struct acpi_table *t, uint32_t at, uint32_t size, struct acpi_device *device)
{
    unsigned mask = (unsigned)acpi_number(t, at, 2), flags = size >= 3 ? (unsigned)acpi_number(t, at + 2, 1) : 1;
    if (mask == 0)
        return;
    /* an old line, which may have moved */
    struct acpi_line line = acpi_isa_line((uint8_t)__builtin_ctz(mask));
    set_line(device, line.number, !(flags & 1), flags >> 3 & 1);
}

/* `size` bytes at `at`, behind tag and length (6.4.3). */
static void large(const struct acpi_table *t, uint8_t tag, uint32_t at, uint32_t size, struct acpi_device *device)
{
    unsigned width = tag == SPACE_64 ? 8 : 4;
    switch (tag) {
    case MEMORY_32_FIXED:
        if (size >= 9)
            set_memory(device, acpi_number(t, at + 1, 4), acpi_number(t, at + 5, 4));
        return;
    case MEMORY_32:
        if (size >= 17)
            set_memory(device, acpi_number(t, at + 1, 4), acpi_number(t, at + 13, 4));
        return;
    case SPACE_32:
    case SPACE_64:
        if (size >= SPACE_HEAD + 5 * width && acpi_number(t, at, 1) == SPACE_IS_MEMORY)
            set_memory(device, acpi_number(t, at + SPACE_HEAD + width, width), acpi_number(t, at + SPACE_HEAD + 4 * width, width));
        return;
    case INTERRUPT:
        if (size >= 6 && acpi_number(t, at + 1, 1) > 0) {
            unsigned flags = (unsigned)acpi_number(t, at, 1);
            set_line(device, acpi_number(t, at + 2, 4), !(flags & 2), flags >> 2 & 1);
        }
        return;
    }
}

static void read_resources(const struct acpi_table *t, const struct aml_object *object, struct acpi_device *device)
{
    uint32_t at, end;
    uint8_t tag;
    if (!aml_buffer(t, object->start, object->end, &at, &end))
        return;
    while (at < end && acpi_read(t, at, &tag, 1)) {
        bool is_large = tag & 0x80;
        uint32_t head = is_large ? 3 : 1, size = is_large ? (uint32_t)acpi_number(t, at + 1, 2) : tag & 7;
        if (head > end - at || size > end - at - head || (!is_large && tag >> 3 == TAG_END))
            return;
        if (is_large)
            large(t, tag, at + head, size, device);
        else if (tag >> 3 == TAG_IRQ && size >= 2)
            small_irq(t, at + head, size, device);
        at += head + size;
    }
}

static void read_region(const struct acpi_table *t, const struct aml_object *object, struct acpi_device *device)
{
    uint32_t at = object->start + 1;
    uint64_t address, size, end;
    if (device->region_size || acpi_number(t, object->start, 1) != SPACE_IS_MEMORY || !aml_integer(t, &at, object->end, &address) ||
        !aml_integer(t, &at, object->end, &size) || __builtin_add_overflow(address, size, &end) || end >> 47)
        return;
    device->region = address;
    device->region_size = size;
}

/* "PNP0501" as a number (19.3.4): three letters of five bits, four hexadecimal digits, most significant first. */
static uint32_t number_of(const char *hid)
{
    uint32_t letters = 0, digits = 0;
    for (int i = 0; i < 3; i++)
        letters = letters << 5 | (hid[i] & 31u);
    for (int i = 3; i < 7; i++)
        digits = digits << 4 | (hid[i] <= '9' ? hid[i] & 15u : (hid[i] & 15u) + 9);
    return __builtin_bswap32(letters << 16 | digits);
}

static uint64_t text_of(const char *hid, size_t length)
{
    uint64_t text = 0;
    memcpy(&text, hid, length);
    return text;
}

/* 0: it makes no sense. */
static uint64_t hid_of(const struct acpi_table *t, const struct aml_object *object)
{
    uint32_t at = object->start, length = object->end - at - 2;
    uint64_t number;
    if (aml_integer(t, &at, object->end, &number))
        return number >> 32 ? 0 : IS_NUMBER | number;
    if (acpi_number(t, object->start, 1) != 0x0d /* StringPrefix */ || length == 0 || length > HID_MOST)
        return 0;
    number = acpi_number(t, object->start + 1, length);
    return number & IS_NUMBER ? 0 : number;
}

static void add(struct search *search, const struct acpi_device *device, uint64_t hid)
{
    bool wanted = hid && (!search->text || hid == search->text || hid == search->number);
    if (!wanted || search->count == search->most)
        return;
    if (search->hids)
        search->hids[search->count] = hid;
    search->devices[search->count++] = *device;
}

/* Adds the wanted devices of the list.  `device` is what the list describes, if it is a device's. */
static void look(const struct acpi_table *t, uint32_t at, uint32_t end, struct acpi_device *device, uint64_t *hid, struct search *search)
{
    struct aml_object object;
    if (search->depth == DEPTH_MOST)
        return;
    search->depth++;
    while (search->count < search->most && aml_next(t, &at, end, &object)) {
        if (object.kind == AML_SCOPE)
            look(t, object.start, object.end, NULL, NULL, search);
        else if (object.kind == AML_NAME && device && memcmp(object.name, "_HID", 4) == 0)
            *hid = hid_of(t, &object);
        else if (object.kind == AML_NAME && device && memcmp(object.name, "_CRS", 4) == 0)
            read_resources(t, &object, device);
        else if (object.kind == AML_REGION && device)
            read_region(t, &object, device);
        else if (object.kind == AML_DEVICE) {
            struct acpi_device inner = {};
            uint64_t inner_hid = 0;
            look(t, object.start, object.end, &inner, &inner_hid, search);
            add(search, &inner, inner_hid);
        }
    }
    search->depth--;
}

static unsigned look_in_all(struct search *search)
{
    struct acpi_table table;
    const struct acpi_power *power = acpi_power();
    if (power && power->reduced)
        look(acpi_dsdt(), ACPI_HEADER, acpi_dsdt()->size, NULL, NULL, search);
    for (unsigned i = 0; search->count < search->most && acpi_find(&table, "SSDT", i); i++)
        look(&table, ACPI_HEADER, table.size, NULL, NULL, search);
    return search->count;
}

static void know_devices(void)
{
    struct acpi_known *k = &acpi_known;
    struct search search = {.devices = k->devices, .hids = k->device_hids, .most = ACPI_DEVICES_KNOWN};
    if (!k->devices_known)
        k->device_count = look_in_all(&search);
    k->devices_known = true;
}

unsigned acpi_devices(const char *hid, struct acpi_device *devices, unsigned most)
{
    const struct acpi_known *k = &acpi_known;
    size_t length = strlen(hid);
    if (length == 0 || length > HID_MOST)
        return 0;
    struct search search = {.text = text_of(hid, length), .number = length == 7 ? IS_NUMBER | number_of(hid) : 0, .devices = devices, .most = most};
    know_devices();
    if (k->device_count == ACPI_DEVICES_KNOWN)
        return look_in_all(&search);
    for (unsigned i = 0; i < k->device_count; i++)
        add(&search, &k->devices[i], k->device_hids[i]);
    return search.count;
}

SMALL_END
