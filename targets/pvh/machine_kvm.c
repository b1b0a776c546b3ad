/*
 * machine_kvm.c - output and the end on QEMU, Firecracker and cloud-hypervisor.
 *
 * Output is the first serial line (16550), polled: as much at once as its FIFO takes.
 *
 * The status goes to QEMU's isa-debug-exit device, where `ukc run` puts one; a port that nobody answers does
 * no harm.  Then the machine is switched off by ACPI.  One that has none is reset, in every way there is: it ends so
 * where it was told not to start again, as Firecracker always is.
 */
#include <ukc/machine.h>
#include <ukc/small.h>

SMALL_BEGIN

enum {
    SERIAL = 0x3f8, SERIAL_FIFO = SERIAL + 2, SERIAL_STATUS = SERIAL + 5,
    FIFO_ENABLE = 0x01, FIFO_ENABLED = 0xc0, FIFO_SIZE = 16, SERIAL_EMPTY = 0x20, SERIAL_TRIES = 100000,
};
enum {
    EXIT_PORT = 0xf4, EXIT_FIRST = 16, EXIT_MOST = 111, /* `ukc run` (ukc/run/run_kvm.c) knows these too */
    KEYBOARD = 0x64, KEYBOARD_RESET = 0xfe,
};

/* How many bytes the line takes when it is empty: 16 with a FIFO (PC16550D data sheet, 8.4 and 8.6.3), else one. */
static size_t room(void)
{
    static uint8_t size;
    if (!size) {
        machine_out8(SERIAL_FIFO, FIFO_ENABLE); /* once: what it holds is lost when it is switched on, and only then */
        size = (machine_in8(SERIAL_FIFO) & FIFO_ENABLED) == FIFO_ENABLED ? FIFO_SIZE : 1;
    }
    return size;
}

void machine_print(const char *bytes, size_t size)
{
    while (size > 0) {
        size_t part = size < room() ? size : room();
        size -= part;
        /* no line, or one that does not move, must not stop the machine */
        for (unsigned i = 0; i < SERIAL_TRIES && !(machine_in8(SERIAL_STATUS) & SERIAL_EMPTY); i++)
            __asm__ volatile("pause");
        __asm__ volatile("rep outsb" : "+S"(bytes), "+c"(part) : "d"(SERIAL) : "memory");
    }
}

/* The processor has nowhere to report an exception, and gives up: hypervisors reset or end the machine. */
[[noreturn]] static void triple_fault(void)
{
    static const uint8_t nothing[10];
    for (;;)
        __asm__ volatile("lidt %0\n\tud2" : : "m"(nothing));
}

void machine_end(int status)
{
    static bool ending; /* a crash in here ends without ACPI */
    if (status < 0 || status > EXIT_MOST)
        status = EXIT_MOST;
    machine_out8(EXIT_PORT, (uint8_t)(EXIT_FIRST + status));
    if (!ending) {
        ending = true;
        machine_acpi_off();
        machine_acpi_reset();
    }
    machine_out8(KEYBOARD, KEYBOARD_RESET);
    triple_fault();
}

void machine_rest([[maybe_unused]] unsigned line, [[maybe_unused]] bool for_ever)
{
    for (unsigned i = 0; i < 1000; i++)
        __asm__ volatile("pause");
}

SMALL_END
