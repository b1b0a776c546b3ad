/*
 * service.c - accept connections, each into a task of its own.
 *
 * When there are as many as may be, or the stack cannot have one more, the one on which nothing has moved for the
 * longest time is given up.  One that moved within the last GRACE is not: then new ones wait in the backlog.
 */
#include "service.h"

#include "clock.h"
#include "keys.h"
#include "log.h"
#include "task.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <ukc/deadline.h>

enum { GRACE = NANOSECONDS_PER_SECOND };

struct connection {
    struct stack_flow *flow; /* NULL: not in use */
    struct task *task;
    int64_t moved; /* when something last did */
};

static struct {
    const struct service *service;
    struct task *task;
    unsigned count;
    bool awaits_end; /* the task waits until a connection ends */
} server;

static struct connection *connections; /* KEY_CONNECTIONS of them */

/* ---- what a service calls ---- */

static int64_t patience(void)
{
    return deadline_after(clock_now(), KEY_IDLE * NANOSECONDS_PER_SECOND);
}

ptrdiff_t connection_read(struct connection *connection, void *buffer, size_t size)
{
    ptrdiff_t got = stack_read(connection->flow, buffer, size, patience());
    connection->moved = clock_now();
    return got;
}

int connection_write(struct connection *connection, struct view bytes)
{
    while (bytes.size > 0) {
        ptrdiff_t put = stack_write(connection->flow, &bytes, 1, patience());
        if (put < 0)
            return (int)put;
        connection->moved = clock_now();
        bytes.bytes += put;
        bytes.size -= (size_t)put;
    }
    return 0;
}

/* ---- connections ---- */

static void run(void *argument)
{
    struct connection *connection = argument;
    connection->task = task_self();
    int error = server.service->talk(connection);
    if (error == 0 || error == -ECANCELED)
        stack_close(connection->flow);
    else
        stack_abort(connection->flow);
    connection->flow = NULL;
    server.count--;
    if (server.awaits_end)
        task_wake(server.task);
}

/* With fewer connections than there may be. */
static void start(struct stack_flow *flow)
{
    struct connection *connection = connections;
    while (connection->flow)
        connection++;
    *connection = (struct connection){.flow = flow, .moved = clock_now()};
    if (task_spawn(NULL, 0, run, connection) == 0) {
        server.count++;
        return;
    }
    stack_abort(flow);
    connection->flow = NULL;
}

/* Gives up the connection that has been still longest, and waits until one ends, or a little. */
static int make_room(void)
{
    struct connection *still = NULL;
    int64_t now = clock_now();
    for (struct connection *c = connections; c < connections + KEY_CONNECTIONS; c++)
        if (c->flow && c->task && (!still || c->moved < still->moved))
            still = c;
    if (still && now - still->moved >= GRACE)
        task_cancel(still->task);
    server.awaits_end = true;
    int error = task_park(now + GRACE / 10);
    server.awaits_end = false;
    return error == -ETIMEDOUT ? 0 : error;
}

static int accept_all(struct stack_listener *listener)
{
    for (;;) {
        struct stack_flow *flow;
        int error = stack_accept(listener, &flow, DEADLINE_NEVER);
        bool accepted = error == 0;
        if (error == -EMFILE)
            error = make_room();
        while (accepted && !error && server.count == (unsigned)KEY_CONNECTIONS)
            error = make_room();
        if (accepted && !error)
            start(flow);
        else if (accepted)
            stack_abort(flow);
        if (error)
            return error;
    }
}

/* ---- all of it ---- */

static int failed(const char *what, int error)
{
    log_write(LOG_LEVEL_ERROR, server.service->name, "%s %u: %s", what, (unsigned)KEY_PORT, strerror(-error));
    return 1;
}

static int serve(struct stack_listener *listener, struct datagrams *datagrams)
{
    log_write(LOG_LEVEL_NOTICE, server.service->name, "port %u, TCP and UDP", (unsigned)KEY_PORT);
    int error = task_spawn(NULL, 0, datagrams_run, datagrams);
    if (!error)
        error = accept_all(listener);
    stack_unlisten(listener);
    task_end_children(DEADLINE_NOW);
    stack_udp_close(datagrams->udp);
    return error == -ECANCELED ? 0 : failed("no more connections on TCP port", error);
}

int service_run(const struct service *service)
{
    struct endpoint any = {.address = {.family = IP_ANY}, .port = KEY_PORT};
    struct datagrams datagrams = {.service = service};
    struct stack_listener *listener;
    server.service = service;
    server.task = task_self();
    connections = calloc((size_t)KEY_CONNECTIONS, sizeof *connections);
    int error = connections ? stack_listen(&listener, &any, 0) : -ENOMEM;
    if (error)
        return failed("cannot listen on TCP port", error);
    error = stack_udp_open(&datagrams.udp, &any);
    if (error) {
        stack_unlisten(listener);
        return failed("cannot open UDP port", error);
    }
    int status = serve(listener, &datagrams);
    free(connections);
    return status;
}
