/*
 * acpi_off.c - switching the machine off, and resetting it, as its FADT and DSDT say (ACPI 6.4, 4.8.3.2, 4.8.3.7, 7.4.2).
 *
 * What to write to switch off is in the package \_S5_ of the DSDT.  It is looked for byte by byte: every image can end, so
 * this has to be smaller than what steps through objects (acpi_aml.c).
 */
#include <string.h>
#include <ukc/acpi.h>
#include <ukc/machine.h>
#include <ukc/small.h>

SMALL_BEGIN

enum { NAME = 0x08, PACKAGE = 0x12, ZERO = 0x00, ONE = 0x01, BYTE = 0x0a };
enum { WINDOW = 128, PACKAGE_MOST = 16 /* bytes behind the name that are looked at */ };
enum { SLEEP_TYPE_AT = 10, SLEEP_TYPE = 7 << SLEEP_TYPE_AT, SLEEP_ENABLE = 1 << 13 };
enum { REDUCED_TYPE_AT = 2, REDUCED_ENABLE = 1 << 5 };
enum { MOMENT = 1000000 };

static void write8(const struct acpi_register *r, uint8_t value)
{
    if (r->space == ACPI_PORTS)
        machine_out8((uint16_t)r->address, value);
    else
        machine_poke8(r->address, value);
}

/* A constant of at most a byte; -1: something else. */
static int constant(const uint8_t **at)
{
    int first = *(*at)++;
    return first == ZERO || first == ONE ? first : first == BYTE ? *(*at)++ : -1;
}

/* What is behind the name: package, its length (of one byte, it is short), the number of elements, which are at least two. */
static bool package(const uint8_t *at, int type[2])
{
    if (at[0] != PACKAGE || at[1] >> 6 || at[2] < 2)
        return false;
    at += 3;
    type[0] = constant(&at);
    type[1] = constant(&at);
    return type[0] >= 0 && type[0] <= 7 && type[1] >= 0 && type[1] <= 7;
}

/* The types of sleep that are off, for PM1a and PM1b. */
static bool find_off(const struct acpi_table *dsdt, int type[2])
{
    uint8_t window[WINDOW + PACKAGE_MOST];
    for (uint32_t at = ACPI_HEADER; at < dsdt->size; at += WINDOW) {
        uint32_t size = dsdt->size - at < sizeof window ? dsdt->size - at : sizeof window;
        memset(window, 0xff, sizeof window);
        if (!acpi_read(dsdt, at, window, size))
            return false;
        for (unsigned i = 0; i < WINDOW; i++) {
            if (window[i] != NAME)
                continue;
            const uint8_t *name = &window[i + 1 + (window[i + 1] == '\\')];
            if (memcmp(name, "_S5_", 4) == 0 && package(name + 4, type))
                return true;
        }
    }
    return false;
}

void machine_acpi_off(void)
{
    const struct acpi_power *power = acpi_power();
    int type[2];
    if (!power || !find_off(acpi_dsdt(), type))
        return;
    if (power->reduced && power->sleep_control.address)
        write8(&power->sleep_control, (uint8_t)(type[0] << REDUCED_TYPE_AT | REDUCED_ENABLE));
    for (unsigned i = 0; i < 2; i++) {
        uint16_t port = (uint16_t)power->pm1_control[i].address;
        if (port && power->pm1_control[i].space == ACPI_PORTS)
            machine_out16(port, (uint16_t)((machine_in16(port) & ~SLEEP_TYPE) | type[i] << SLEEP_TYPE_AT | SLEEP_ENABLE));
    }
    for (unsigned i = 0; i < MOMENT; i++) /* it need not happen at once */
        __asm__ volatile("pause");
}

void machine_acpi_reset(void)
{
    const struct acpi_power *power = acpi_power();
    if (power && power->reset.address)
        write8(&power->reset, power->reset_value);
}

SMALL_END
