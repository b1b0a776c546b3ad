/*
 * acpi_fadt.c - the fixed description table: registers of power (ACPI 6.4, 5.2.9), which end the machine and tell of its power button.
 */
#include "acpi_known.h"
#include <ukc/small.h>

SMALL_BEGIN

enum {
    DSDT = 40, SCI = 46, PM1A_EVENT = 56, PM1B_EVENT = 60, PM1A_CONTROL = 64, PM1B_CONTROL = 68, PM1_EVENT_SIZE = 88,
    FLAGS = 112, RESET = 116, RESET_VALUE = 128, DSDT_64 = 140,
    PM1A_EVENT_64 = 148, PM1B_EVENT_64 = 160, PM1A_CONTROL_64 = 172, PM1B_CONTROL_64 = 184, SLEEP_CONTROL = 244,
};
enum { NO_FIXED_BUTTON = 1 << 4, HAS_RESET = 1 << 10, REDUCED = 1 << 20 };

/* A generic address (5.2.3.2), of which only memory and ports are known here. */
static struct acpi_register generic(const struct acpi_table *fadt, uint32_t at)
{
    struct [[gnu::packed]] {
        uint8_t space, width, offset, access;
        uint64_t address;
    } entry = {};
    if (!acpi_read(fadt, at, &entry, sizeof entry) || entry.space > ACPI_PORTS ||
        (entry.space == ACPI_PORTS && entry.address > UINT16_MAX) || entry.offset)
        return (struct acpi_register){};
    return (struct acpi_register){entry.space, entry.address};
}

/* One that newer tables have twice: the newer holds, unless it is empty. */
static struct acpi_register either(const struct acpi_table *fadt, uint32_t new, uint32_t old)
{
    struct acpi_register r = generic(fadt, new);
    uint64_t port = acpi_number(fadt, old, 4);
    return r.address || port > UINT16_MAX ? r : (struct acpi_register){ACPI_PORTS, port};
}

static bool read_power(struct acpi_power *power)
{
    struct acpi_table *fadt = &power->fadt;
    if (!acpi_find(fadt, "FACP", 0))
        return false;
    uint64_t flags = acpi_number(fadt, FLAGS, 4);
    if (flags & HAS_RESET)
        power->reset = generic(fadt, RESET);
    power->reset_value = (uint8_t)acpi_number(fadt, RESET_VALUE, 1);
    power->reduced = flags & REDUCED;
    if (power->reduced) {
        power->sleep_control = generic(fadt, SLEEP_CONTROL);
        return true;
    }
    power->pm1_control[0] = either(fadt, PM1A_CONTROL_64, PM1A_CONTROL);
    power->pm1_control[1] = either(fadt, PM1B_CONTROL_64, PM1B_CONTROL);
    power->pm1_event[0] = either(fadt, PM1A_EVENT_64, PM1A_EVENT);
    power->pm1_event[1] = either(fadt, PM1B_EVENT_64, PM1B_EVENT);
    power->pm1_event_size = (uint8_t)acpi_number(fadt, PM1_EVENT_SIZE, 1);
    power->has_power_button = !(flags & NO_FIXED_BUTTON);
    power->line = (uint16_t)acpi_number(fadt, SCI, 2);
    return true;
}

const struct acpi_power *acpi_power(void)
{
    struct acpi_known *k = &acpi_known;
    if (!k->power_known)
        k->has_power = read_power(&k->power);
    k->power_known = true;
    return k->has_power ? &k->power : NULL;
}

const struct acpi_table *acpi_dsdt(void)
{
    struct acpi_known *k = &acpi_known;
    const struct acpi_power *power = acpi_power();
    uint64_t address = power && !k->dsdt_known ? acpi_number(&power->fadt, DSDT_64, 8) : 0;
    if (power && !k->dsdt_known && !acpi_check(&k->dsdt, "DSDT", address ? address : acpi_number(&power->fadt, DSDT, 4)))
        k->dsdt.size = 0;
    k->dsdt_known = true;
    return &k->dsdt;
}

SMALL_END
