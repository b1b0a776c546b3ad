/* echo.c - RFC 862: what comes is sent back; after the end of it, the end. */
#include "service.h"

int echo_main(void);

static int talk(struct connection *connection)
{
    char buffer[16384];
    for (;;) {
        ptrdiff_t got = connection_read(connection, buffer, sizeof buffer);
        int error = got > 0 ? connection_write(connection, (struct view){buffer, (size_t)got}) : (int)got;
        if (got <= 0 || error)
            return error;
    }
}

static size_t answer(char *, size_t size)
{
    return size;
}

int echo_main(void)
{
    return service_run(&(struct service){"echo", talk, answer});
}
