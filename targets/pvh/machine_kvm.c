/*
 * machine_kvm.c - output and the end on QEMU, Firecracker and cloud-hypervisor.
 *
 * Output is the first serial line (16550), polled: what is written has left the machine.
 *
 * The status goes to QEMU's isa-debug-exit device, where `ukc run` puts one; a port that nobody answers does
 * no harm.  Then the machine is switched off, or reset, which ends a virtual machine that was told not to start again.
 */
#include <ukc/machine.h>

enum { SERIAL = 0x3f8, SERIAL_STATUS = SERIAL + 5, SERIAL_EMPTY = 0x20, SERIAL_TRIES = 100000 };
enum {
    EXIT_PORT = 0xf4, EXIT_FIRST = 16, EXIT_MOST = 111, /* `ukc run` (ukc/command/run_kvm.c) knows these too */
    ACPI_CONTROL = 0x604, ACPI_OFF = 0x2000,
    KEYBOARD = 0x64, KEYBOARD_RESET = 0xfe,
};

static void put(char c)
{
    /* no line, or one that does not move, must not stop the machine */
    for (unsigned i = 0; i < SERIAL_TRIES && !(machine_in8(SERIAL_STATUS) & SERIAL_EMPTY); i++)
        __asm__ volatile("pause");
    machine_out8(SERIAL, (uint8_t)c);
}

void machine_print(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put(bytes[i]);
}

void machine_end(int status)
{
    if (status < 0 || status > EXIT_MOST)
        status = EXIT_MOST;
    machine_out8(EXIT_PORT, (uint8_t)(EXIT_FIRST + status));
    machine_out16(ACPI_CONTROL, ACPI_OFF);
    machine_out8(KEYBOARD, KEYBOARD_RESET);
    for (;;)
        __asm__ volatile("cli\n\thlt");
}
