/* measure.c - the other end: sends to discard for some seconds, then reads from chargen for as long. */
#include "bench-net.h"

#include "clock.h"
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

static int64_t end_of(const struct meter *meter)
{
    return deadline_after(meter->start, KEY_SECONDS * NANOSECONDS_PER_SECOND);
}

/* Reads the line in which the server says how much has arrived. */
static int check(struct stack_flow *flow, uint64_t sent)
{
    char line[32];
    size_t size = 0;
    while (size < sizeof line - 1) {
        ptrdiff_t got = stack_read(flow, line + size, sizeof line - 1 - size, soon());
        if (got < 0)
            return (int)got;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    line[size] = '\0';
    return size > 0 && strtoull(line, NULL, 10) == sent ? 0 : -EPROTO;
}

/* What counts is what has arrived: the clock runs until the server has said so. */
static int send_all(struct stack_flow *flow, struct meter *meter)
{
    while (clock_now() < end_of(meter)) {
        struct view text = block();
        ptrdiff_t put = stack_write(flow, &text, 1, soon());
        if (put < 0)
            return (int)put;
        meter->bytes += (uint64_t)put;
    }
    int error = stack_shutdown(flow);
    return error ? error : check(flow, meter->bytes);
}

static int receive(struct stack_flow *flow, struct meter *meter)
{
    static char buffer[BLOCK_SIZE];
    while (clock_now() < end_of(meter)) {
        ptrdiff_t got = stack_read(flow, buffer, sizeof buffer, soon());
        if (got <= 0)
            return got < 0 ? (int)got : -EPROTO; /* it sends for ever */
        meter->bytes += (uint64_t)got;
    }
    return 0;
}

static int one_way(const struct endpoint *server, const char *word, int (*work)(struct stack_flow *, struct meter *))
{
    struct stack_flow *flow;
    struct meter meter;
    int error = stack_connect(&flow, server, soon());
    if (error) {
        say("bench-net: cannot connect to port %u: %s\n", server->port, strerror(-error));
        return error;
    }
    meter_start(&meter);
    error = work(flow, &meter);
    if (error)
        say("bench-net: port %u: %s\n", server->port, error == -EPROTO ? "what arrived is not what was sent" : strerror(-error));
    else
        meter_report(&meter, word, server);
    stack_abort(flow);
    return error;
}

int measure(const struct ip_address *server)
{
    struct endpoint discard = {*server, KEY_DISCARD}, chargen = {*server, KEY_CHARGEN};
    int error = one_way(&discard, "to", send_all);
    return error || one_way(&chargen, "from", receive);
}
