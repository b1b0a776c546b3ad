/* discard.c - RFC 863: what comes is thrown away, and nothing is answered. */
#include "service.h"

int discard_main(void);

static int talk(struct connection *connection)
{
    char buffer[32768];
    ptrdiff_t got;
    do
        got = connection_read(connection, buffer, sizeof buffer);
    while (got > 0);
    return (int)got;
}

int discard_main(void)
{
    return service_run(&(struct service){"discard", talk, NULL});
}
