/*
 * console_serial.c - the first serial line, a 16550 (PC16550D data sheet; COM1).
 *
 * Output is the machine's own, polled.  Who waits for input is woken by the line's interrupt, where the image has tasks and takes
 * interrupts anyway; else it looks again and again.
 */
#include "console_serial.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <ukc/machine.h>

enum {
    PORT = 0x3f8, INTERRUPTS = PORT + 1, FIFO = PORT + 2, LINE = PORT + 3, MODEM = PORT + 4, STATUS = PORT + 5,
    INTERRUPT_LINE = 4, INTERRUPT_DATA = 0x01,
    FIFO_CLEAR = 0x07, LINE_8N1 = 0x03, MODEM_READY = 0x03, MODEM_INTERRUPTS = 0x08, STATUS_DATA = 0x01, STATUS_ABSENT = 0xff,
};

static char partial[1024]; /* of a line that has not ended at its deadline */
static size_t partial_size;
static bool reading;
static struct interrupt_source *source;

/* The speed is the firmware's: a virtual line has none. */
int console_serial_start(void)
{
    machine_out8(INTERRUPTS, 0);
    machine_out8(LINE, LINE_8N1);
    machine_out8(FIFO, FIFO_CLEAR);
    machine_out8(MODEM, MODEM_READY);
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

static ptrdiff_t read_bytes(char *to, size_t size, int64_t deadline)
{
    size_t got = 0;
    if (partial_size > 0) {
        got = size < partial_size ? size : partial_size;
        memcpy(to, partial, got);
        memmove(partial, partial + got, partial_size -= got);
        return (ptrdiff_t)got;
    }
    for (int c; got < size; got++) {
        if (got > 0 && !(machine_in8(STATUS) & STATUS_DATA))
            break;
        if ((c = next(deadline)) < 0)
            return c == -ENODATA ? 0 : c;
        to[got] = (char)c;
    }
    return (ptrdiff_t)got;
}

ptrdiff_t console_serial_read(void *buffer, size_t size, int64_t deadline)
{
    if (reading)
        return -EBUSY;
    reading = true;
    ptrdiff_t got = read_bytes(buffer, size, deadline);
    reading = false;
    return got;
}

/* Until a line or `most` bytes of it are in `partial`: 1 if its end was read, 0 if not, or an error. */
static int fill(size_t most, int64_t deadline)
{
    while (partial_size < most) {
        int c = next(deadline);
        if (c == '\r')
            c = '\n'; /* what terminals send */
        if (c < 0 || c == '\n')
            return c < 0 ? c : 1;
        partial[partial_size++] = (char)c;
    }
    return 0;
}

ptrdiff_t console_serial_read_line(char *line, size_t size, int64_t deadline)
{
    size_t most = size > 0 && size - 1 < sizeof partial ? size - 1 : sizeof partial;
    if (reading)
        return -EBUSY;
    if (size < 2)
        return -EINVAL;
    reading = true;
    int filled = fill(most, deadline);
    reading = false;
    if (filled < 0 && (filled != -ENODATA || partial_size == 0))
        return filled;
    size_t length = partial_size < most ? partial_size : most;
    memcpy(line, partial, length);
    line[length] = '\0';
    memmove(partial, partial + length, partial_size -= length);
    return (ptrdiff_t)length;
}
