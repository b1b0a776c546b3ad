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

enum { DEPTH_MOST = 8, ID_SIZE = 16, QEMU_OFFSET = 40 };

static const char counter[] = "VM_Gen_Counter";

struct found {
    uint64_t address, beside; /* of ADDR, and VGIA: 0, not seen */
    bool is, seen;            /* this device has that _CID, or one before */
};

static bool is_counter(struct aml *a)
{
    const uint8_t *value = aml_see(a, a->start, a->end);
    return value && *value == AML_STRING && (size_t)(a->limit - value) == sizeof counter + 1 && memcmp(value + 1, counter, sizeof counter) == 0;
}

/* Package() { low, high } */
static uint64_t pair(struct aml *a)
{
    const uint8_t *value = aml_see(a, a->start, a->end), *limit = a->limit;
    uint64_t low, high;
    if (!value || limit - value < 3 || value[0] != AML_PACKAGE || value[1] >> 6 || value[2] != 2 ||
        !aml_integer(aml_integer(value + 3, limit, &low), limit, &high) || low >> 32 || high >> 32)
        return 0;
    return high << 32 | low;
}

static bool look(struct aml *a, uint32_t end, struct found *found, unsigned depth)
{
    while (depth < DEPTH_MOST && aml_next(a, end)) {
        if (a->kind == AML_SCOPE || a->kind == AML_DEVICE) {
            if (a->kind == AML_DEVICE) {
                found->is = false;
                found->address = 0;
            }
            a->at = a->start;
            if (look(a, a->end, found, depth + 1))
                return true;
        } else if (a->kind == AML_NAME && memcmp(a->name, "_CID", 4) == 0) {
            found->is = is_counter(a);
            found->seen |= found->is;
        } else if (a->kind == AML_NAME && memcmp(a->name, "ADDR", 4) == 0) {
            found->address = pair(a);
        } else if (a->kind == AML_NAME && memcmp(a->name, "VGIA", 4) == 0) {
            found->beside = a->is_number ? a->numbers[0] : 0;
        }
    }
    a->at = end;
    return found->is && found->address;
}

/* In one table: a device whose address is its own is found at once; QEMU's integer may stand before or behind the device. */
static uint64_t find(const struct acpi_table *t)
{
    struct found found = {};
    struct aml a = {.table = t, .at = ACPI_HEADER};
    if (!acpi_mentions(t, counter, sizeof counter - 1))
        return 0;
    if (look(&a, t->size, &found, 0))
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
    if (address < MACHINE_PAGE || address % MACHINE_PAGE > MACHINE_PAGE - ID_SIZE || address % 8 || !machine_look(address, 1))
        return NULL;
    const struct machine_range *map = machine_memory_map(&count);
    for (size_t i = 0; i < count; i++)
        if (map[i].type == MACHINE_MEMORY_RAM && address >= map[i].start && address - map[i].start < map[i].size)
            return NULL;
    return machine_map(address, ID_SIZE, MACHINE_READ) ? (const volatile void *)(uintptr_t)address : NULL;
}

SMALL_END
