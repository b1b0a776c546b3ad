/*
 * datagrams.c - answers to datagrams, and the questions that get none.
 *
 * The source of a datagram can be forged.  So that the service cannot be made to talk to another one, or to itself, without
 * end, it does not answer the ports on which such services live: those below 1024, and its own.
 */
#include "service.h"

#include "clock.h"
#include "keys.h"
#include "task.h"

#include <errno.h>
#include <stdbool.h>
#include <ukc/deadline.h>

enum { SYSTEM_PORTS = 1024, PAUSE = 10 * NANOSECONDS_PER_MILLISECOND };

static bool is_service(const struct endpoint *from)
{
    return from->port < SYSTEM_PORTS || from->port == KEY_PORT;
}

/* So many answers in each second. */
static bool within_limit(void)
{
    static int64_t second, answers;
    int64_t now = clock_now() / NANOSECONDS_PER_SECOND;
    if (now != second)
        answers = 0;
    second = now;
    return answers++ < KEY_ANSWERS;
}

void datagrams_run(void *argument)
{
    static char datagram[65536];
    const struct datagrams *d = argument;
    for (;;) {
        struct endpoint from;
        ptrdiff_t size = stack_udp_receive(d->udp, datagram, sizeof datagram, &from, DEADLINE_NEVER);
        /* an answer that was refused earlier (-ECONNREFUSED) is no reason to stop, nor is anything that may pass */
        if (size < 0 && task_sleep(clock_now() + (size == -ECONNREFUSED ? 0 : PAUSE)) != 0)
            return;
        if (size < 0 || !d->service->answer || is_service(&from) || !within_limit())
            continue;
        size_t answer = d->service->answer(datagram, (size_t)size);
        stack_udp_send(d->udp, &from, (struct view){datagram, answer}, DEADLINE_NOW); /* or it is lost, as datagrams may be */
    }
}
