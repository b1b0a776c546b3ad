/* serve.c - the two ports, each connection in a task of its own. */
#include "bench-net.h"

#include "clock.h"
#include "keys.h"
#include "task.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <ukc/deadline.h>

enum { PAUSE = 100 * NANOSECONDS_PER_MILLISECOND };

typedef int talk(struct stack_flow *flow, struct meter *meter);

/* To the end of what the client sends; then it is told how much that was. */
static int discard(struct stack_flow *flow, struct meter *meter)
{
    static char buffer[BLOCK_SIZE]; /* nobody looks at it: shared by all */
    ptrdiff_t got;
    while ((got = stack_read(flow, buffer, sizeof buffer, soon())) > 0)
        meter->bytes += (uint64_t)got;
    if (got < 0)
        return (int)got;
    char line[24];
    int length = snprintf(line, sizeof line, "%llu\n", (unsigned long long)meter->bytes);
    ptrdiff_t put = stack_write(flow, &(struct view){line, (size_t)length}, 1, soon());
    return put < 0 ? (int)put : 0;
}

/* Until the client resets the connection, or closes it. */
static int chargen(struct stack_flow *flow, struct meter *meter)
{
    for (;;) {
        struct view text = block();
        ptrdiff_t put = stack_write(flow, &text, 1, soon());
        if (put < 0)
            return (int)put;
        meter->bytes += (uint64_t)put;
    }
}

static void run(struct stack_flow *flow, talk *talk, const char *word)
{
    struct endpoint peer = {};
    struct meter meter;
    stack_peer(flow, &peer);
    meter_start(&meter);
    int error = talk(flow, &meter);
    meter_report(&meter, word, &peer);
    if (error)
        stack_abort(flow);
    else
        stack_close(flow);
}

static void run_discard(void *flow)
{
    run(flow, discard, "received from");
}

static void run_chargen(void *flow)
{
    run(flow, chargen, "sent to");
}

struct service {
    uint16_t port;
    void (*run)(void *flow);
    struct stack_listener *listener;
};

static int accept_all(struct service *service)
{
    for (;;) {
        struct stack_flow *flow;
        int error = stack_accept(service->listener, &flow, DEADLINE_NEVER);
        if (error == -EMFILE || error == -ENOMEM)
            error = task_sleep(clock_now() + PAUSE);
        else if (!error && task_spawn(NULL, 0, service->run, flow) != 0)
            stack_abort(flow);
        if (error)
            return error;
    }
}

static void accept_in_task(void *service)
{
    accept_all(service);
}

static int listen_on(struct service *service)
{
    struct endpoint any = {.address = {.family = IP_ANY}, .port = service->port};
    int error = stack_listen(&service->listener, &any, 0);
    if (error)
        say("bench-net: cannot listen on port %u: %s\n", service->port, strerror(-error));
    return error;
}

int serve(void)
{
    struct service services[] = {{KEY_DISCARD, run_discard, NULL}, {KEY_CHARGEN, run_chargen, NULL}};
    if (listen_on(&services[0]))
        return 1;
    int error = listen_on(&services[1]);
    if (!error) {
        say("bench-net: port %u discards, port %u sends\n", services[0].port, services[1].port);
        error = task_spawn(NULL, 0, accept_in_task, &services[0]);
        if (!error)
            error = accept_all(&services[1]);
        task_end_children(DEADLINE_NOW);
        stack_unlisten(services[1].listener);
    }
    stack_unlisten(services[0].listener);
    return error == -ECANCELED ? 0 : 1;
}
