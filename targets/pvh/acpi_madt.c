/*
 * acpi_madt.c - the multiple APIC description table: interrupt controllers (ACPI 6.4, 5.2.12).
 */
#include "acpi_known.h"
#include <ukc/small.h>

SMALL_BEGIN

enum { LOCAL_ADDRESS = 36, ENTRIES = 44, ENTRY_MOST = 32 };
enum { LOCAL_APIC = 0, IO_APIC = 1, OVERRIDE = 2, LOCAL_ADDRESS_64 = 5, LOCAL_X2APIC = 9 };
enum { ENABLED = 1, ONLINE_CAPABLE = 2 };
enum { LINES_MOST = 1024, ISA_LINES = 16 };

/* The table, looked for once: size 0, there is none. */
static const struct acpi_table *madt(void)
{
    struct acpi_known *k = &acpi_known;
    if (!k->madt_known && !acpi_find(&k->madt, "APIC", 0))
        k->madt.size = 0;
    k->madt_known = true;
    return &k->madt;
}

/* The next entry of the type from `at` on, whose bytes are copied, as many as are wanted: an entry that has less is skipped. */
static bool next(const struct acpi_table *table, uint32_t *at, uint8_t type, void *to, uint8_t size)
{
    enum { HEAD = 2 };
    const uint8_t *head;
    while ((head = acpi_look(table, *at, HEAD)) != NULL) {
        uint32_t here = *at;
        if (head[1] < HEAD || head[1] > table->size - here) {
            acpi_complain("APIC", "an entry's length makes no sense");
            return false;
        }
        *at += head[1];
        if (head[0] == type && head[1] >= size)
            return acpi_read(table, here, to, size);
    }
    return false;
}

uint64_t acpi_local_apic(void)
{
    struct [[gnu::packed]] {
        uint8_t type, length;
        uint16_t reserved;
        uint64_t address;
    } moved;
    const struct acpi_table *table = madt();
    uint32_t at = ENTRIES;
    if (next(table, &at, LOCAL_ADDRESS_64, &moved, sizeof moved))
        return moved.address;
    return acpi_number(table, LOCAL_ADDRESS, 4);
}

bool acpi_processor(unsigned index, uint32_t *apic)
{
    struct [[gnu::packed]] {
        uint8_t type, length, processor, apic;
        uint32_t flags;
    } old;
    struct [[gnu::packed]] {
        uint8_t type, length;
        uint16_t reserved;
        uint32_t apic, flags, processor;
    } new;
    const struct acpi_table *table = madt();
    for (uint32_t at = ENTRIES; next(table, &at, LOCAL_APIC, &old, sizeof old);) {
        *apic = old.apic;
        if ((old.flags & (ENABLED | ONLINE_CAPABLE)) && index-- == 0)
            return true;
    }
    for (uint32_t at = ENTRIES; next(table, &at, LOCAL_X2APIC, &new, sizeof new);) {
        *apic = new.apic;
        if ((new.flags & (ENABLED | ONLINE_CAPABLE)) && index-- == 0)
            return true;
    }
    return false;
}

bool acpi_io_apic(unsigned index, struct acpi_io_apic *controller)
{
    struct [[gnu::packed]] {
        uint8_t type, length, id, reserved;
        uint32_t address, first_line;
    } entry;
    const struct acpi_table *table = madt();
    for (uint32_t at = ENTRIES; next(table, &at, IO_APIC, &entry, sizeof entry);)
        if (entry.address == 0 || entry.address % 16 || entry.first_line >= LINES_MOST)
            acpi_complain("APIC", "an interrupt controller is at no sensible place");
        else if (index-- == 0) {
            *controller = (struct acpi_io_apic){entry.address, entry.first_line, entry.id};
            return true;
        }
    return false;
}

struct acpi_line acpi_isa_line(uint8_t line)
{
    struct [[gnu::packed]] {
        uint8_t type, length, bus, source;
        uint32_t number;
        uint16_t flags; /* two bits each: 1 active high, 3 low; 1 edge, 3 level; 0 as the bus has it: high and edge */
    } entry;
    const struct acpi_table *table = madt();
    for (uint32_t at = ENTRIES; line < ISA_LINES && next(table, &at, OVERRIDE, &entry, sizeof entry);)
        if (entry.bus == 0 && entry.source == line) {
            if (entry.number < LINES_MOST)
                return (struct acpi_line){entry.number, (entry.flags >> 2 & 3) == 3, (entry.flags & 3) == 3};
            acpi_complain("APIC", "a line is moved to one that no machine has");
        }
    return (struct acpi_line){line, false, false};
}

SMALL_END
