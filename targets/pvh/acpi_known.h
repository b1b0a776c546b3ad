/* acpi_known.h - what was looked for already; private to acpi*.c, but for tests, which begin anew by zeroing it. */
#ifndef PVH_ACPI_KNOWN_H
#define PVH_ACPI_KNOWN_H

#include <ukc/acpi.h>

enum { ACPI_DEVICES_KNOWN = 32 };

extern struct acpi_known {
    bool list_known, madt_known, power_known, has_power, dsdt_known, devices_known;
    uint8_t width;                /* of the list's entries */
    uint32_t told;                /* acpi_complain() */
    struct acpi_table list, madt, dsdt; /* the list is XSDT or RSDT; size 0: there is none */
    struct acpi_power power;
    /* acpi_device.c: all that have a _HID, if they are less than fit; else each kind is looked for again */
    unsigned device_count;
    uint64_t device_hids[ACPI_DEVICES_KNOWN];
    struct acpi_device devices[ACPI_DEVICES_KNOWN];
} acpi_known;

#endif
