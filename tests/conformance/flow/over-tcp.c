/* over-tcp.c - the flow is a connection to the loopback address, where this file sends back what it reads. */
#include "conformance.h"

#include "keys.h"
#include "stack.h"
#include "task.h"

#include <stdio.h>
#include <string.h>
#include <ukc/deadline.h>

int over_tcp_main(void);

static void echo(void *argument)
{
    struct stack_flow *client = argument;
    char buffer[16384];
    ptrdiff_t got;
    while ((got = stack_read(client, buffer, sizeof buffer, DEADLINE_NEVER)) > 0) {
        struct view view = {buffer, (size_t)got};
        if (stack_write(client, &view, 1, DEADLINE_NEVER) != got)
            break;
    }
    stack_close(client);
}

static void listen(void *argument)
{
    struct stack_flow *client;
    while (stack_accept(argument, &client, DEADLINE_NEVER) == 0)
        if (task_spawn(NULL, 0, echo, client) != 0)
            stack_abort(client);
}

int over_tcp_main(void)
{
    struct endpoint at = {.port = KEY_PORT};
    struct stack_listener *listener;
    int error = stack_listen(&listener, &at, 0);
    if (error) {
        fprintf(stderr, "port %d: %s\n", KEY_PORT, strerror(-error));
        return 1;
    }
    error = task_spawn(NULL, 0, listen, listener);
    int status = error ? 1 : flow_conformance();
    task_end_children(DEADLINE_NOW);
    stack_unlisten(listener);
    return status;
}
