/*
 * acpi_button.c - the power button: the fixed one of PM1 (ACPI 6.4, 4.8.2.2.1), or one behind a generic event device (5.6.9).
 *
 * What a generic event was is told by a method, and methods are not run here.  Two are known by what they read: QEMU's, from
 * a region of four bytes that the event device defines itself, and cloud-hypervisor's, from one byte of a device beside it.
 */
#include <ukc/acpi.h>
#include <ukc/machine.h>
#include <ukc/small.h>

SMALL_BEGIN

enum { PM1_BUTTON = 1 << 8, PM1_IS_ACPI = 1, PM1_EVENT_LEAST = 4, SMI_COMMAND = 48, SMI_ENABLE = 52, SWITCH_TRIES = 100000 };
enum { QEMU_SIZE = 4, QEMU_BUTTON = 1 << 1, CLOUD_SIZE = 1, CLOUD_BUTTON = 1 << 3, READERS_MOST = 8 };

static struct {
    uint16_t status[2];     /* ports of PM1a and PM1b */
    uint64_t event;         /* or the address of a register, which is cleared by reading */
    bool wide;              /* QEMU's */
} button;

/* Legacy firmware keeps the events to itself until it is told not to (4.8.2.5). */
static bool switch_to_acpi(const struct acpi_power *power)
{
    uint16_t control = (uint16_t)power->pm1_control[0].address;
    uint64_t command = acpi_number(&power->fadt, SMI_COMMAND, 4), enable = acpi_number(&power->fadt, SMI_ENABLE, 1);
    if (!control || power->pm1_control[0].space != ACPI_PORTS)
        return false;
    if (!(machine_in16(control) & PM1_IS_ACPI) && command && command <= UINT16_MAX && enable)
        machine_out8((uint16_t)command, (uint8_t)enable);
    for (unsigned i = 0; i < SWITCH_TRIES; i++)
        if (machine_in16(control) & PM1_IS_ACPI)
            return true;
    return false;
}

static bool use_fixed(const struct acpi_power *power, struct acpi_line *line)
{
    if (!power->has_power_button || power->pm1_event_size < PM1_EVENT_LEAST || power->line == 0 || power->line > UINT8_MAX ||
        !power->pm1_event[0].address || power->pm1_event[0].space != ACPI_PORTS || !switch_to_acpi(power))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        uint16_t port = power->pm1_event[i].space == ACPI_PORTS ? (uint16_t)power->pm1_event[i].address : 0;
        if (!port)
            continue;
        button.status[i] = port; /* what stands there stays: somebody has pressed it before we could hear */
        machine_out16((uint16_t)(port + power->pm1_event_size / 2), PM1_BUTTON);
    }
    *line = acpi_isa_line((uint8_t)power->line);
    return true;
}

/* A register that the window can reach (machine_peek32). */
static bool is_register(uint64_t address, uint64_t size, uint64_t wanted)
{
    return size == wanted && address % size == 0 && address >= MACHINE_PAGE;
}

static bool use_generic(struct acpi_line *line)
{
    struct acpi_device event, readers[READERS_MOST];
    if (acpi_devices("ACPI0013", &event, 1) == 0 || !event.has_line)
        return false;
    *line = event.line;
    if (is_register(event.region, event.region_size, QEMU_SIZE)) {
        button.event = event.region;
        button.wide = true;
        return true;
    }
    for (unsigned i = 0, count = acpi_devices("PNP0A06", readers, READERS_MOST); i < count; i++)
        if (is_register(readers[i].region, readers[i].region_size, CLOUD_SIZE)) {
            button.event = readers[i].region;
            return true;
        }
    return false;
}

bool machine_button(struct acpi_line *line)
{
    const struct acpi_power *power = acpi_power();
    return power && (power->reduced ? use_generic(line) : use_fixed(power, line));
}

bool machine_button_pressed(void)
{
    bool pressed = false;
    if (button.event)
        return button.wide ? machine_peek32(button.event) & QEMU_BUTTON : machine_peek8(button.event) & CLOUD_BUTTON;
    for (unsigned i = 0; i < 2; i++)
        if (button.status[i] && machine_in16(button.status[i]) & PM1_BUTTON) {
            machine_out16(button.status[i], PM1_BUTTON); /* written ones become zeroes */
            pressed = true;
        }
    return pressed;
}

SMALL_END
