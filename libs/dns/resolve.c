/*
 * resolve.c - from server to server.
 *
 * Each server is asked once, best first, then each again, `tries` times. When there are
 * addresses of one family, the other has the rest of the same attempt: a server that
 * is silent about one family (RFC 4074, 4.1) delays the answer, and does not prevent it.
 */
#include "internal.h"

#include <errno.h>

#include "clock.h"
#include "keys.h"
#include "stack.h"
#include "task.h"
#include <ukc/deadline.h>

/* For so long a network may be coming up, and so often it is looked at. */
#define PATIENCE (30 * NANOSECONDS_PER_SECOND)
#define LOOK_AGAIN (100 * NANOSECONDS_PER_MILLISECOND)

static bool are_done(const struct inquiry *inquiries, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        if (inquiries[i].state == INQUIRY_DONE && inquiries[i].count > 0)
            return true;
        all &= inquiries[i].state == INQUIRY_DONE;
    }
    return all;
}

/* An answer to anything, even a useless one, shows that the server is there. */
static bool was_heard(const struct inquiry *inquiries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (inquiries[i].heard)
            return true;
    return false;
}

/*
 * A network that is coming up (DHCP, router advertisements) is waited for, before the tries begin: until there is a server and an
 * address to ask it from, not until all addresses are there.
 */
static unsigned find_servers(struct endpoint *servers, int64_t deadline)
{
    int64_t end = deadline_after(clock_now(), PATIENCE);
    end = end < deadline ? end : deadline;
    int ready = stack_ready(DEADLINE_NOW);
    unsigned count = servers_now(servers);
    while (ready == -ETIMEDOUT && clock_now() < end && !servers_usable(servers, count)) {
        int64_t next = deadline_after(clock_now(), LOOK_AGAIN);
        ready = stack_ready(next < end ? next : end);
        count = servers_now(servers);
    }
    return count;
}

int resolve(struct inquiry *inquiries, size_t count, int64_t deadline)
{
    struct endpoint servers[SERVERS_MOST];
    bool heard = false;
    unsigned found = find_servers(servers, deadline);
    if (found == 0)
        return task_cancelled() ? -ECANCELED : clock_now() >= deadline ? -ETIMEDOUT : -EHOSTUNREACH;
    for (unsigned at = 0; at < KEY_TRIES * found; at++) {
        const struct endpoint *server = &servers[at % found];
        if (clock_now() >= deadline)
            return -ETIMEDOUT;
        int error = query_server(server, inquiries, count, deadline);
        bool answered = was_heard(inquiries, count);
        if (are_done(inquiries, count))
            return 0;
        if (error == -ECANCELED || error == -EDEADLK || error == -ENOMEM)
            return error;
        if (clock_now() >= deadline)
            return -ETIMEDOUT; /* which says nothing of the server */
        servers_silent(server, !answered);
        heard |= answered;
    }
    return heard ? -EIO : -ETIMEDOUT;
}
