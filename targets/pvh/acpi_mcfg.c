/*
 * acpi_mcfg.c - where the configuration of PCI lies in memory (PCI Firmware Specification 3.3, 4.1.2).
 */
#include <ukc/acpi.h>
#include <ukc/small.h>

SMALL_BEGIN

enum { ENTRIES = 44, BUS_SIZE = 1 << 20 };

bool acpi_ecam(unsigned index, struct acpi_ecam *area)
{
    struct [[gnu::packed]] {
        uint64_t address;
        uint16_t segment;
        uint8_t first_bus, last_bus;
        uint32_t reserved;
    } entry;
    struct acpi_table table;
    if (!acpi_find(&table, "MCFG", 0))
        return false;
    for (uint32_t at = ENTRIES; acpi_read(&table, at, &entry, sizeof entry); at += sizeof entry) {
        uint64_t end;
        if (entry.address == 0 || entry.address % BUS_SIZE || entry.first_bus > entry.last_bus ||
            __builtin_add_overflow(entry.address, (entry.last_bus + UINT64_C(1)) * BUS_SIZE, &end) || end >> 47)
            acpi_complain("MCFG", "an area is at no sensible place");
        else if (index-- == 0) {
            *area = (struct acpi_ecam){entry.address, entry.segment, entry.first_bus, entry.last_bus};
            return true;
        }
    }
    return false;
}

SMALL_END
