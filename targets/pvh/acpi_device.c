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
    struct aml aml;
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

static uint64_t number(const uint8_t *at, unsigned width)
{
    uint64_t eight;
    uint32_t four;
    memcpy(&four, at, sizeof four);
    if (width < sizeof eight)
        return four;
    memcpy(&eight, at, sizeof eight);
    return eight;
}

/* 6.4.2.1: a mask of sixteen lines, and perhaps flags. */
static void small_irq(const uint8_t *at, uint32_t size, struct acpi_device *device)
{
    unsigned mask = at[0] | at[1] << 8u, flags = size >= 3 ? at[2] : 1;
    if (mask == 0)
        return;
    /* an old line, which may have moved */
    struct acpi_line line = acpi_isa_line((uint8_t)__builtin_ctz(mask));
    set_line(device, line.number, !(flags & 1), flags >> 3 & 1);
}

/* `size` bytes at `at`, behind tag and length (6.4.3). */
static void large(uint8_t tag, const uint8_t *at, uint32_t size, struct acpi_device *device)
{
    unsigned width = tag == SPACE_64 ? 8 : 4;
    switch (tag) {
    case MEMORY_32_FIXED:
        if (size >= 9)
            set_memory(device, number(at + 1, 4), number(at + 5, 4));
        return;
    case MEMORY_32:
        if (size >= 17)
            set_memory(device, number(at + 1, 4), number(at + 13, 4));
        return;
    case SPACE_32:
    case SPACE_64:
        if (size >= SPACE_HEAD + 5 * width && at[0] == SPACE_IS_MEMORY)
            set_memory(device, number(at + SPACE_HEAD + width, width), number(at + SPACE_HEAD + 4 * width, width));
        return;
    case INTERRUPT:
        if (size >= 6 && at[1] > 0)
            set_line(device, number(at + 2, 4), !(at[0] & 2), at[0] >> 2 & 1);
        return;
    }
}

static void read_resources(struct aml *a, struct acpi_device *device)
{
    uint32_t at, end;
    if (!aml_buffer(a, &at, &end))
        return;
    for (const uint8_t *r; (r = aml_see(a, at, end)) != NULL;) {
        size_t left = (size_t)(a->limit - r);
        bool is_large = r[0] & 0x80;
        uint32_t head = is_large ? 3 : 1;
        if (left < head)
            return;
        uint32_t size = is_large ? r[1] | (uint32_t)r[2] << 8 : r[0] & 7u;
        if (size > left - head || r[0] >> 3 == TAG_END)
            return;
        at += head + size;
        if (is_large) {
            large(r[0], r + head, size, device);
        } else if (r[0] >> 3 == TAG_IRQ && size >= 2) {
            small_irq(r + head, size, device);
            aml_forget(a); /* the MADT was asked */
        }
    }
}

static void read_region(const struct aml *a, struct acpi_device *device)
{
    uint64_t address = a->numbers[0], size = a->numbers[1], end;
    if (device->region_size || a->space != SPACE_IS_MEMORY || __builtin_add_overflow(address, size, &end) || end >> 47)
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
static uint64_t hid_of(struct aml *a)
{
    if (a->is_number)
        return a->numbers[0] >> 32 ? 0 : IS_NUMBER | a->numbers[0];
    const uint8_t *text = aml_see(a, a->start, a->end);
    size_t length = text ? (size_t)(a->limit - text) - 2 : 0;
    if (length == 0 || length > HID_MOST || *text != AML_STRING)
        return 0;
    uint64_t hid = text_of((const char *)text + 1, length);
    return hid & IS_NUMBER ? 0 : hid;
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

/* Adds the wanted devices of the list at search->aml.at.  `device` is what the list describes, if it is a device's. */
static void look(struct search *search, uint32_t end, struct acpi_device *device, uint64_t *hid)
{
    struct aml *a = &search->aml;
    if (search->depth++ < DEPTH_MOST)
        while (search->count < search->most && aml_next(a, end)) {
            if (a->kind == AML_SCOPE) {
                a->at = a->start;
                look(search, a->end, NULL, NULL);
            } else if (a->kind == AML_DEVICE) {
                struct acpi_device inner = {};
                uint64_t inner_hid = 0;
                a->at = a->start;
                look(search, a->end, &inner, &inner_hid);
                add(search, &inner, inner_hid);
            } else if (!device) {
                continue;
            } else if (a->kind == AML_REGION) {
                read_region(a, device);
            } else if (a->kind == AML_NAME && memcmp(a->name, "_HID", 4) == 0) {
                *hid = hid_of(a);
            } else if (a->kind == AML_NAME && memcmp(a->name, "_CRS", 4) == 0) {
                read_resources(a, device);
            }
        }
    search->depth--;
    a->at = end;
}

static void look_in(struct search *search, const struct acpi_table *table)
{
    search->aml = (struct aml){.table = table, .at = ACPI_HEADER};
    look(search, table->size, NULL, NULL);
}

static unsigned look_in_all(struct search *search)
{
    struct acpi_table table;
    const struct acpi_power *power = acpi_power();
    if (power && power->reduced)
        look_in(search, acpi_dsdt());
    for (unsigned i = 0; search->count < search->most && acpi_find(&table, "SSDT", i); i++)
        look_in(search, &table);
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
