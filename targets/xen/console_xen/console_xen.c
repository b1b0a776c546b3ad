/*
 * console_xen.c - the domain's console: output is the machine's own; who waits for input is woken by the console's event channel.  Where the
 * image has no tasks, all of it sleeps until then.
 */
#include "console_xen.h"

#include <errno.h>
#include <ukc/line_input.h>
#include <ukc/machine.h>
#include <ukc/xen.h>

static struct line_input input;
static struct interrupt_source *source;

int console_xen_start(void)
{
    input.terminals = true;
    return 0;
}

int console_xen_write(const void *bytes, size_t size)
{
    machine_print(bytes, size);
    return 0;
}

/* At least one byte.  A domain without a console has no input: it has ended. */
static ptrdiff_t receive(void *buffer, size_t size, int64_t deadline)
{
    for (;;) {
        ptrdiff_t got = xen_console_read(buffer, size);
        if (got != 0)
            return got == -ENODATA ? 0 : got;
        int error = machine_await_line(&source, xen_console_event(), deadline);
        if (error)
            return error;
    }
}

ptrdiff_t console_xen_read(void *buffer, size_t size, int64_t deadline)
{
    return line_input_read(&input, receive, buffer, size, deadline);
}

ptrdiff_t console_xen_read_line(char *line, size_t size, int64_t deadline)
{
    return line_input_line(&input, receive, line, size, deadline);
}
