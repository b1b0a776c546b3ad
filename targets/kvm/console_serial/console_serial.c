/*
 * console_serial.c - the first serial line, a 16550 (PC16550D data sheet; COM1).
 *
 * Output is the machine's own, polled.  Who waits for input is woken by the line's interrupt, where the image has tasks and takes
 * interrupts anyway; else it looks again and again.
 */
#include "console_serial.h"

#include <errno.h>
#include <ukc/line_input.h>
#include <ukc/machine.h>

enum {
    PORT = 0x3f8, INTERRUPTS = PORT + 1, FIFO = PORT + 2, LINE = PORT + 3, MODEM = PORT + 4, STATUS = PORT + 5,
    INTERRUPT_LINE = 4, INTERRUPT_DATA = 0x01,
    FIFO_CLEAR = 0x03 /* what was received; what is still to be sent stays */, LINE_8N1 = 0x03, MODEM_READY = 0x03, MODEM_INTERRUPTS = 0x08,
    STATUS_DATA = 0x01, STATUS_ABSENT = 0xff,
};

static struct line_input input;
static struct interrupt_source *source;

/* The speed is the firmware's: a virtual line has none. */
int console_serial_start(void)
{
    machine_out8(INTERRUPTS, 0);
    machine_out8(LINE, LINE_8N1);
    machine_out8(FIFO, FIFO_CLEAR);
    machine_out8(MODEM, MODEM_READY);
    input.terminals = true;
    return 0;
}

int console_serial_write(const void *bytes, size_t size)
{
    machine_print(bytes, size);
    return 0;
}

/* The next byte, or a negative errno value.  A line that is not there has ended. */
static int next(int64_t deadline)
{
    for (;;) {
        uint8_t status = machine_in8(STATUS);
        if (status == STATUS_ABSENT)
            return -ENODATA;
        if (status & STATUS_DATA)
            return machine_in8(PORT);
        bool first = !source;
        int error = machine_await_line(&source, INTERRUPT_LINE, deadline);
        if (first && source) {
            machine_out8(INTERRUPTS, INTERRUPT_DATA);
            machine_out8(MODEM, MODEM_READY | MODEM_INTERRUPTS);
        }
        if (error)
            return error;
    }
}

static bool has_data(void)
{
    uint8_t status = machine_in8(STATUS);
    return status != STATUS_ABSENT && (status & STATUS_DATA);
}

/* All that is there, and at least one byte. */
static ptrdiff_t receive(void *buffer, size_t size, int64_t deadline)
{
    char *to = buffer;
    int c = next(deadline);
    if (c < 0)
        return c == -ENODATA ? 0 : c;
    to[0] = (char)c;
    size_t got = 1;
    while (got < size && has_data())
        to[got++] = (char)machine_in8(PORT);
    return (ptrdiff_t)got;
}

ptrdiff_t console_serial_read(void *buffer, size_t size, int64_t deadline)
{
    return line_input_read(&input, receive, buffer, size, deadline);
}

ptrdiff_t console_serial_read_line(char *line, size_t size, int64_t deadline)
{
    return line_input_line(&input, receive, line, size, deadline);
}
