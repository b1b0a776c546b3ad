/* tcp-echo.c - TCP traffic between simulated hosts, of which every byte is compared. */
#include "clock.h"
#include "keys.h"
#include "log.h"
#include "stack.h"
#include "task.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <ukc/deadline.h>

enum { PORT = 7, PIECE = 8192 };

#define PATIENCE (600 * NANOSECONDS_PER_SECOND)

/* ---- serving ---- */

static void echo(void *argument)
{
    struct stack_flow *flow = argument;
    char buffer[PIECE];
    ptrdiff_t got;
    while ((got = stack_read(flow, buffer, sizeof buffer, deadline_after(clock_now(), PATIENCE))) > 0)
        if (stack_write(flow, &(struct view){buffer, (size_t)got}, 1, deadline_after(clock_now(), PATIENCE)) != got)
            break;
    if (got == 0)
        stack_shutdown(flow);
    else
        log_write(LOG_LEVEL_WARNING, "echo", "a connection failed: %td", got);
    stack_close(flow);
}

static int serve(void)
{
    struct stack_listener *listener;
    int error = stack_listen(&listener, &(struct endpoint){.port = PORT}, 0);
    if (error)
        return 1;
    for (;;) {
        struct stack_flow *flow;
        error = stack_accept(listener, &flow, DEADLINE_NEVER);
        if (!error && task_spawn(NULL, 4 * PIECE, echo, flow) != 0)
            stack_abort(flow);
        if (error == -ECANCELED)
            break;
    }
    task_end_children(DEADLINE_NOW);
    stack_unlisten(listener);
    return 0;
}

/* ---- asking ---- */

struct connection {
    struct task *task;
    struct stack_flow *flow;
    uint32_t pattern;
    int64_t sent, received;
    int error;
};

/* What stands at this place of what a connection sends. */
static char byte_at(uint32_t pattern, int64_t at)
{
    return (char)((pattern + (uint32_t)at) * 2654435761u >> 24);
}

static void send_all(void *argument)
{
    struct connection *c = argument;
    char buffer[PIECE];
    while (c->sent < KEY_BYTES && !c->error) {
        size_t size = KEY_BYTES - c->sent < PIECE ? (size_t)(KEY_BYTES - c->sent) : PIECE;
        for (size_t i = 0; i < size; i++)
            buffer[i] = byte_at(c->pattern, c->sent + (int64_t)i);
        ptrdiff_t put = stack_write(c->flow, &(struct view){buffer, size}, 1, deadline_after(clock_now(), PATIENCE));
        if (put < 0)
            c->error = (int)put;
        else
            c->sent += put;
    }
    if (!c->error)
        stack_shutdown(c->flow);
}

static int receive_all(struct connection *c)
{
    char buffer[PIECE];
    for (;;) {
        ptrdiff_t got = stack_read(c->flow, buffer, sizeof buffer, deadline_after(clock_now(), PATIENCE));
        if (got <= 0)
            return got < 0 ? (int)got : c->received == KEY_BYTES ? 0 : -EPIPE;
        for (ptrdiff_t i = 0; i < got; i++)
            if (buffer[i] != byte_at(c->pattern, c->received++))
                return -EBADMSG;
    }
}

static struct endpoint server(int64_t number, bool ipv6)
{
    struct endpoint to = {.port = PORT};
    if (ipv6) {
        to.address.family = IP_V6;
        memcpy(to.address.bytes, (uint8_t[16]){0xfd, 0, [14] = (uint8_t)(number >> 8), (uint8_t)number}, 16);
    } else {
        to.address.family = IP_V4;
        memcpy(to.address.bytes, (uint8_t[4]){10, 0, (uint8_t)(number / 250), (uint8_t)(number % 250 + 1)}, 4);
    }
    return to;
}

static int64_t next;

static void ask(void *argument)
{
    struct connection *c = argument;
    int64_t index = next++;
    struct endpoint to = server((KEY_FIRST - 1 + index) % KEY_SERVERS + 1, index % 2);
    c->pattern = (uint32_t)(KEY_FIRST * 65537 + index * 257);
    c->error = stack_connect(&c->flow, &to, deadline_after(clock_now(), PATIENCE));
    if (c->error)
        return;
    struct task *sender;
    c->error = task_spawn(&sender, 4 * PIECE, send_all, c);
    if (!c->error) {
        int failed = receive_all(c);
        if (failed)
            c->error = failed;
        task_join(sender, DEADLINE_NEVER);
    }
    stack_close(c->flow);
}

static int ask_all(void)
{
    int failed = 0;
    int64_t received = 0, begun = clock_now();
    struct connection *all = calloc((size_t)KEY_CONNECTIONS, sizeof *all);
    for (int64_t i = 0; i < KEY_CONNECTIONS; i++)
        if (!all || task_spawn(&all[i].task, 4 * PIECE, ask, &all[i]) != 0)
            return 1;
    for (int64_t i = 0; i < KEY_CONNECTIONS; i++) {
        task_join(all[i].task, DEADLINE_NEVER);
        received += all[i].received;
        failed += all[i].error != 0;
        if (all[i].error)
            log_write(LOG_LEVEL_ERROR, "echo", "connection %" PRId64 ": error %d after %" PRId64 " bytes", i, all[i].error, all[i].received);
    }
    free(all);
    log_write(LOG_LEVEL_INFO, "echo", "%" PRId64 " bytes came back, %d failed, %" PRId64 " ms", received, failed,
              (clock_now() - begun) / NANOSECONDS_PER_MILLISECOND);
    return failed != 0;
}

int tcp_echo_main(void)
{
    return KEY_SERVERS ? ask_all() : serve();
}
