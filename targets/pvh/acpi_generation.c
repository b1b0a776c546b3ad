/*
 * acpi_generation.c - the identifier that hypervisors change when a machine continues from a snapshot, or is a copy (Microsoft,
 * "Virtual Machine Generation ID").
 *
 * Its address is what ADDR of a device with the _CID "VM_Gen_Counter" says: two integers in Firecracker and cloud-hypervisor; in QEMU
 * a method, which adds 40 to the integer VGIA beside the device, in an SSDT.
 */
#include "acpi_aml.h"

#include <string.h>
#include <ukc/machine.h>
#include <ukc/small.h>

SMALL_BEGIN

enum { DEPTH_MOST = 8, PACKAGE = 0x12, STRING = 0x0d, ID_SIZE = 16, QEMU_OFFSET = 40 };

static const char counter[] = "VM_Gen_Counter";

struct found {
    uint64_t address, beside; /* of ADDR, and VGIA: 0, not seen */
    bool is, seen;            /* this device has that _CID, or one before */
};

static bool is_counter(const struct acpi_table *t, const struct aml_object *object)
{
    char text[sizeof counter];
    return acpi_number(t, object->start, 1) == STRING && object->end - object->start == sizeof counter + 1 &&
           acpi_read(t, object->start + 1, text, sizeof text) && memcmp(text, counter, sizeof counter) == 0;
}

/* Package() { low, high } */
static uint64_t pair(const struct acpi_table *t, const struct aml_object *object)
{
    uint32_t at = object->start + 3;
    uint64_t low, high;
    if (acpi_number(t, object->start, 1) != PACKAGE || acpi_number(t, object->start + 1, 1) >> 6 || acpi_number(t, object->start + 2, 1) != 2 ||
        !aml_integer(t, &at, object->end, &low) || !aml_integer(t, &at, object->end, &high) || low >> 32 || high >> 32)
        return 0;
    return high << 32 | low;
}

static bool look(const struct acpi_table *t, uint32_t at, uint32_t end, struct found *found, unsigned depth)
{
    struct aml_object object;
    while (depth < DEPTH_MOST && aml_next(t, &at, end, &object)) {
        if (object.kind == AML_SCOPE || object.kind == AML_DEVICE) {
            if (object.kind == AML_DEVICE) {
                found->is = false;
                found->address = 0;
            }
            if (look(t, object.start, object.end, found, depth + 1))
                return true;
        } else if (object.kind == AML_NAME && memcmp(object.name, "_CID", 4) == 0) {
            found->is = is_counter(t, &object);
            found->seen |= found->is;
        } else if (object.kind == AML_NAME && memcmp(object.name, "ADDR", 4) == 0) {
            found->address = pair(t, &object);
        } else if (object.kind == AML_NAME && memcmp(object.name, "VGIA", 4) == 0) {
            uint32_t from = object.start;
            if (!aml_integer(t, &from, object.end, &found->beside))
                found->beside = 0;
        }
    }
    return found->is && found->address;
}

/* In one table: a device whose address is its own is found at once; QEMU's integer may stand before or behind the device. */
static uint64_t find(const struct acpi_table *t)
{
    struct found found = {};
    if (!acpi_mentions(t, counter, sizeof counter - 1))
        return 0;
    if (look(t, ACPI_HEADER, t->size, &found, 0))
        return found.address;
    return found.seen && found.beside ? found.beside + QEMU_OFFSET : 0;
}

const volatile void *machine_generation(void)
{
    const struct acpi_power *power = acpi_power();
    /* QEMU has a table of its own for it; those who write it into the DSDT are hardware-reduced, and the DSDTs of others are large */
    uint64_t address = power && power->reduced ? find(acpi_dsdt()) : 0;
    struct acpi_table table;
    for (unsigned i = 0; !address && acpi_find(&table, "SSDT", i); i++)
        address = find(&table);
    /* the tables may lie: it is not where the image is, in memory that is free, or across pages */
    size_t count;
    char there;
    if (address < MACHINE_PAGE || address % MACHINE_PAGE > MACHINE_PAGE - ID_SIZE || address % 8 || !machine_read(&there, address, 1))
        return NULL;
    const struct machine_range *map = machine_memory_map(&count);
    for (size_t i = 0; i < count; i++)
        if (map[i].type == MACHINE_MEMORY_RAM && address >= map[i].start && address - map[i].start < map[i].size)
            return NULL;
    return machine_map(address, ID_SIZE, MACHINE_READ) ? (const volatile void *)(uintptr_t)address : NULL;
}

SMALL_END
